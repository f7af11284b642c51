// The page for a machine without WebGPU: what is missing and what to do about it.
import type { GateReason } from './checkWebGpu';

const REASONS: Record<GateReason, { what: string; why: string }> = {
  insecure: {
    what: 'This address is not secure, so the browser hides the GPU.',
    why: 'WebGPU works on https:// addresses and on localhost only. Open the studio by one of these.',
  },
  'no-webgpu': {
    what: 'This browser has no WebGPU.',
    why: 'The studio trains and decodes on your own graphics card through WebGPU, so that no recording leaves this machine. This browser does not offer it, or has it switched off.',
  },
  'no-adapter': {
    what: 'The browser has WebGPU, but found no graphics adapter.',
    why: 'Most often hardware acceleration is switched off, or the graphics driver is missing, too old or blocked by the browser.',
  },
};

const REMEDIES: { system: string; steps: string }[] = [
  {
    system: 'Chrome or Edge on Windows',
    steps:
      'Use version 121 or newer. In Settings, System, switch on “Use graphics acceleration when available”, update the graphics driver, restart the browser.',
  },
  {
    system: 'Chrome or Edge on macOS',
    steps:
      'Use version 121 or newer on macOS 12 or newer. In Settings, System, switch on graphics acceleration.',
  },
  {
    system: 'Chrome or Chromium on Linux',
    steps:
      'Install the Vulkan driver of your card (Debian, Ubuntu: mesa-vulkan-drivers), open chrome://flags, enable “Unsafe WebGPU Support” and “Vulkan”, restart.',
  },
  {
    system: 'Safari',
    steps: 'Version 26 or newer has WebGPU. Older ones do not: use Chrome.',
  },
  {
    system: 'Firefox',
    steps:
      'Version 141 or newer on Windows, 145 or newer on macOS with Apple chips; else use Chrome.',
  },
  {
    system: 'No graphics card at all',
    steps:
      'Start Chrome or Chromium with --enable-unsafe-webgpu: it brings a software adapter, slow but complete. The nano preset is made for it.',
  },
];

export function Gate({ reason }: { reason: GateReason }) {
  const { what, why } = REASONS[reason];
  const own = `reason: ${reason}\nsecure context: ${window.isSecureContext}\n${navigator.userAgent}`;
  return (
    <div className="gate">
      <div className="panel">
        <h1>REALM Studio needs WebGPU</h1>
        <p>
          <strong>{what}</strong> {why}
        </p>
        <h2>What to do</h2>
        <table>
          <tbody>
            {REMEDIES.map(({ system, steps }) => (
              <tr key={system}>
                <th scope="row">{system}</th>
                <td>{steps}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="small dim">
          chrome://gpu says under “WebGPU” what the browser thinks of this machine.
        </p>
        <div className="row">
          <button type="button" className="primary" onClick={() => location.reload()}>
            Try again
          </button>
          <button type="button" onClick={() => navigator.clipboard.writeText(own)}>
            Copy details
          </button>
        </div>
      </div>
    </div>
  );
}
