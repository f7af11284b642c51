"""The REALM student's training step in PyTorch, for comparison: forward, loss, backward, clip and AdamW.

python3 bench/torchStudent.py FILE [--steps N] [--threads N] [--compile]: FILE holds a student's weights, sizes, inputs
and expected loss, as bench/torchPeer.ts writes them. Prints one line of JSON.
python3 bench/torchStudent.py FILE --check: the errors of loss and, where the file has them, gradients instead of times.
Written from the published description (REALM, sections 1.3 and 1.5; the chunked form of the state-space layer from
Dao and Gu 2024, section 6). Letters: batch B, frames T, chunks K of Q frames, heads H, head size P, state size N.
"""

import argparse
import json
import math
import struct
import time

import torch
import torch.nn.functional as F
from torch import nn

DROPOUT = 0.1
# Parameters of the published model that no equation uses: its table of sessions.
SESSION_ROWS = 200


class Ssd(nn.Module):
    """h_t = exp(A dt_t) h_{t-1} + x_t B_t, y_t = h_t C_t + D x_t, with rotary B and C."""

    def __init__(self, inner, heads, state, frames, chunk):
        super().__init__()
        self.A_log = nn.Parameter(torch.log(torch.arange(1.0, heads + 1)))
        self.D = nn.Parameter(torch.ones(heads))
        self.bc_proj = nn.Linear(inner, 2 * state, bias=False)
        self.dt_proj = nn.Linear(inner, heads)
        self.chunk = chunk
        padded = math.ceil(frames / chunk) * chunk
        rates = 10000.0 ** (-torch.arange(0, state, 2) / state)
        angles = torch.outer(torch.arange(padded), rates).repeat(1, 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        later = torch.ones(chunk, chunk).triu(1).bool()
        self.register_buffer("later", later, persistent=False)

    def rotate(self, v):
        first, second = v.chunk(2, dim=-1)
        return v * self.cos + torch.cat([-second, first], dim=-1) * self.sin

    def forward(self, u):
        batch, frames, inner = u.shape
        heads, chunk = len(self.D), self.chunk
        u = F.pad(u, (0, 0, 0, -frames % chunk))
        count = u.shape[1] // chunk
        b, c = self.bc_proj(u).chunk(2, dim=-1)
        # [B, K, Q, N]
        b, c = (self.rotate(v).view(batch, count, chunk, -1) for v in (b, c))
        # [B, K, H, Q, P]
        x = u.view(batch, count, chunk, heads, -1).transpose(2, 3)
        dt = F.softplus(self.dt_proj(u)).view(batch, count, chunk, heads).transpose(2, 3)
        # Sums of the decays from the start of the chunk, [B, K, H, Q].
        sums = torch.cumsum(-torch.exp(self.A_log)[:, None] * dt, dim=-1)
        between = (sums[..., :, None] - sums[..., None, :]).masked_fill(self.later, -torch.inf)
        scores = (c @ b.transpose(-1, -2))[:, :, None] * torch.exp(between)
        y = scores @ x
        # What each chunk adds to the state, [B, K, H, P, N], and the states that enter the chunks.
        to_end = torch.exp(sums[..., -1:] - sums)
        added = (x * to_end[..., None]).transpose(-1, -2) @ b[:, :, None]
        decay = torch.exp(sums[..., -1])[..., None, None]
        state = torch.zeros_like(added[:, 0])
        entering = []
        for k in range(count):
            entering.append(state)
            state = state * decay[:, k] + added[:, k]
        states = torch.stack(entering, dim=1)
        y = y + (c[:, :, None] @ states.transpose(-1, -2)) * torch.exp(sums)[..., None]
        y = y + self.D[:, None, None] * x
        return y.transpose(2, 3).reshape(batch, count * chunk, inner)[:, :frames]


class Mixer(nn.Module):
    def __init__(self, size, frames, chunk):
        super().__init__()
        dim, inner = size["d_model"], size["expand"] * size["d_model"]
        taps = size["d_conv"]
        self.in_proj = nn.Linear(dim, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, taps, groups=inner, padding=taps - 1)
        self.ssd = Ssd(inner, inner // size["headdim"], size["d_state"], frames, chunk)
        self.out_proj = nn.Linear(inner, dim, bias=False)

    def forward(self, x):
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u = F.silu(self.conv1d(u.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2))
        return self.out_proj(self.ssd(u) * F.silu(z))


class Encoder(nn.Module):
    def __init__(self, size, frames, chunk, dropout):
        super().__init__()
        dim, maps, channels = size["d_model"], size["d_channel"], size["n_channels"]
        taps = size["eca_kernel"]
        self.temporal_conv = nn.Sequential(nn.Conv1d(1, maps, 3), nn.GELU())
        self.eca_conv = nn.Conv1d(1, 1, taps, padding=taps // 2, bias=False)
        self.spatial_proj = nn.Linear(channels * maps, dim)
        self.spatial_norm = nn.LayerNorm(dim)
        layers = range(size["n_layers"])
        self.layers = nn.ModuleList(Mixer(size, frames, chunk) for _ in layers)
        self.layer_norms = nn.ModuleList(nn.LayerNorm(dim) for _ in layers)
        self.out_norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def tokens(self, lfp, mask):
        batch, channels, frames = lfp.shape
        masked = (lfp * mask[:, :, None]).view(batch * channels, 1, frames)
        maps = self.temporal_conv(F.pad(masked, (2, 0)))
        # [B, T, C, maps]
        maps = maps.view(batch, channels, -1, frames).permute(0, 3, 1, 2)
        passed = torch.arange(1, frames + 1, device=lfp.device)[None, :, None]
        means = maps.mean(dim=-1).cumsum(dim=1) / passed
        attention = self.eca_conv(means.reshape(batch * frames, 1, channels))
        maps = maps * torch.sigmoid(attention).view(batch, frames, channels, 1)
        return self.spatial_norm(self.spatial_proj(maps.reshape(batch, frames, -1)))

    def forward(self, lfp, mask):
        x = self.dropout(self.tokens(lfp, mask))
        for norm, mixer in zip(self.layer_norms, self.layers):
            x = x + self.dropout(mixer(norm(x)))
        return x


class Student(nn.Module):
    def __init__(self, size, frames, chunk, dropout):
        super().__init__()
        self.encoder = Encoder(size, frames, chunk, dropout)
        self.out_proj = nn.Linear(size["d_model"], 2)
        self.skip = nn.Linear(size["n_channels"], 2)

    def forward(self, lfp, mask):
        hidden = self.encoder(lfp, mask)
        raw = self.skip(lfp.transpose(1, 2))
        return self.out_proj(self.encoder.out_norm(hidden)) + raw, hidden


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    values = torch.frombuffer(data, dtype=torch.float32)
    tensors = {
        name: values[entry["data_offsets"][0] // 4 : entry["data_offsets"][1] // 4].view(entry["shape"])
        for name, entry in header.items()
    }
    return tensors, metadata


def named(tensors, prefix):
    return {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}


def check(student, tensors, inputs):
    """Relative errors against the file's loss and gradients."""
    velocity, hidden = student(inputs["lfp"], inputs["channel_mask"])
    loss = F.mse_loss(velocity, inputs["velocity"])
    expected = tensors["loss.mse"].item()
    errors = {"lossError": abs(loss.item() - expected) / expected}
    gradients = named(tensors, "grad.")
    if gradients:
        alignment = 1 - F.cosine_similarity(hidden, inputs["teacher_hidden"], dim=-1).mean()
        (loss + alignment).backward()
        norms = [
            ((p.grad - gradients[name]).norm() / gradients[name].norm().clamp_min(1e-12)).item()
            for name, p in student.named_parameters()
        ]
        errors["gradientError"] = max(norms)
        student.zero_grad()
    return errors


def time_steps(student, inputs, steps, compiled):
    """Seconds of each step, the first one from cold."""
    optimiser = torch.optim.AdamW(student.parameters(), lr=1e-4, weight_decay=1e-5, foreach=True)
    forward = torch.compile(student) if compiled else student
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        velocity, _ = forward(inputs["lfp"], inputs["channel_mask"])
        F.mse_loss(velocity, inputs["velocity"]).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        if inputs["lfp"].is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, default=5)
    # PyTorch's own choice counts cores in its own way, and is 1 on some machines with two.
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--chunk", type=int, default=50)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() and not options.check else "cpu"
    tensors, metadata = read_safetensors(options.file)
    size = {name: int(value) for name, value in metadata.items() if value.isdigit()}
    inputs = {name: t.to(device) for name, t in named(tensors, "input.").items()}
    frames = inputs["lfp"].shape[-1]

    def build(dropout):
        student = Student(size, frames, options.chunk, dropout)
        student.load_state_dict(named(tensors, "param."))
        return student

    result = {"torch": torch.__version__, "device": device, "threads": torch.get_num_threads()}
    result["canCompile"] = hasattr(torch, "compile")
    parameters = sum(p.numel() for p in build(0).parameters())
    result["publishedParameters"] = parameters + SESSION_ROWS * size["d_model"]
    result.update(check(build(0), tensors, {name: t.cpu() for name, t in inputs.items()}))
    if not options.check:
        times = time_steps(build(DROPOUT).to(device), inputs, options.steps, options.compile)
        result.update(firstMs=1000 * times[0], stepsMs=[1000 * t for t in times[1:]])
    print(json.dumps(result))


main()
