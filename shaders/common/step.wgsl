// The values that change from one replay of a plan to the next; twin of StepValues in src/autograd/step.ts.

struct Step {
  seed: u32,
  step: u32,
  ring_slot: u32,
  micro_batch: u32,
  learning_rate: f32,
  bias_correction1: f32,
  bias_correction2: f32,
  gradient_scale: f32,
}
