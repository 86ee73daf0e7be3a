//! How is one segment of attention computed, whatever the instructions? The loops around what each set has of its own.

/// Makes `segment`, which computes a segment's share for each query row, out of an instruction set's `multiply`,
/// `put`, `softmax` and `mix`. The numbers are columns, 16 each, that its registers hold at a time for one to four
/// rows. A macro, because a function that calls vector code must have its features.
macro_rules! segment_with {
    ($features:literal, $one:literal, $two:literal, $three:literal, $four:literal) => {
        /// Computes the segment's share for each query row.
        #[target_feature(enable = $features)]
        pub(crate) fn segment(task: &mut Segment<'_>) {
            match task.queries.len() {
                1 => rows::<1, $one>(task),
                2 => rows::<2, $two>(task),
                3 => rows::<3, $three>(task),
                4 => rows::<4, $four>(task),
                _ => portable::segment(task),
            }
        }

        /// `R` rows, of which `P` times 16 columns are computed at a time: what the registers hold.
        #[target_feature(enable = $features)]
        fn rows<const R: usize, const P: usize>(task: &mut Segment<'_>) {
            let Stride { width, padded } = task.stride;
            let seen: [usize; R] = array::from_fn(|r| task.seen[r]);
            let most = seen.into_iter().max().unwrap_or(0);
            assert!(most <= SEGMENT && task.keys.len() == width * SEGMENT && task.values.len() == padded * SEGMENT);
            assert!(task.out.len() == R * (padded + 2) && padded.is_multiple_of(GROUP));

            let queries: [&[f32]; R] = array::from_fn(|r| &task.queries[r][..width]);
            let mut scores = [[0f32; SEGMENT]; R];
            let groups = most.div_ceil(GROUP);
            let mut at = 0;
            while at < groups {
                let keys = &task.keys[at * width * GROUP..];
                if at + P <= groups {
                    // SAFETY: `at + P` groups of `width` rows of 16 keys lie in `keys`, whose length was checked.
                    let sums = unsafe { multiply::<R, P>(queries, keys, GROUP, width * GROUP, width) };
                    put(&mut scores, at * GROUP, sums, task.scale);
                    at += P;
                } else {
                    // SAFETY: as above, for one group.
                    let sums = unsafe { multiply::<R, 1>(queries, keys, GROUP, 0, width) };
                    put(&mut scores, at * GROUP, sums, task.scale);
                    at += 1;
                }
            }
            for (r, scores) in scores.iter_mut().enumerate() {
                let tail = &mut task.out[r * (padded + 2) + padded..][..2];
                let scores = &mut scores[..groups * GROUP];
                portable::cap(scores, task.cap);
                let (largest, sum) = softmax(scores, task.hidden[r], seen[r]);
                tail.copy_from_slice(&[largest, sum]);
            }

            let weights: [&[f32]; R] = array::from_fn(|r| &scores[r][..most]);
            let columns = padded / GROUP;
            let mut at = 0;
            while at < columns {
                let values = &task.values[at * GROUP..];
                let step = if at + P <= columns { P } else { 1 };
                if step == P {
                    // SAFETY: `most` rows of `padded` values lie in `values`, of which `at + P` columns of 16 are read.
                    let sums = unsafe { multiply::<R, P>(weights, values, padded, GROUP, most) };
                    mix(task.out, padded, at * GROUP, sums);
                } else {
                    // SAFETY: as above, for one column of 16.
                    let sums = unsafe { multiply::<R, 1>(weights, values, padded, 0, most) };
                    mix(task.out, padded, at * GROUP, sums);
                }
                at += step;
            }
        }
    };
}

pub(crate) use segment_with;
