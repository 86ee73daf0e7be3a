//! Random weights as a GGUF file would have them.

use kernels::Format;

/// A small random generator (xorshift), so that a seed is a test case.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Numbers between -1 and 1.
    pub fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

/// The bytes of `rows x columns` random weights of about unit size.
pub fn raw(format: Format, rows: usize, columns: usize, random: &mut Random) -> Vec<u8> {
    let (values, bytes) = format.block();
    if format.is_float() {
        let floats = random.floats(rows * columns);
        return floats
            .iter()
            .flat_map(|value| match format {
                Format::F16 => half::f16::from_f32(*value).to_le_bytes().to_vec(),
                Format::BF16 => half::bf16::from_f32(*value).to_le_bytes().to_vec(),
                _ => value.to_le_bytes().to_vec(),
            })
            .collect();
    }
    let mut out: Vec<u8> = (0..rows * columns / values * bytes).map(|_| random.next() as u8).collect();
    for block in out.chunks_exact_mut(bytes) {
        // The scales, which must be sensible numbers; everything else may be any bits.
        let scales: &[(usize, f32)] = match format {
            Format::Q4_0 => &[(0, 0.12)],
            Format::Q4_1 => &[(0, 0.12), (2, -0.9)],
            Format::Q5_0 => &[(0, 0.06)],
            Format::Q5_1 => &[(0, 0.06), (2, -0.9)],
            Format::Q8_0 => &[(0, 0.008)],
            Format::Q4K | Format::Q5K => &[(0, 0.003), (2, 0.02)],
            Format::Q6K => &[(208, 0.0003)],
            Format::F32 | Format::F16 | Format::BF16 => &[],
        };
        for (at, scale) in scales {
            let scale = half::f16::from_f32(scale * (1.0 + 0.5 * random.floats(1)[0]));
            block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
        }
    }
    out
}
