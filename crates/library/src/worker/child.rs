//! The child's side: reads jobs, runs parsers, writes frames, until its parent goes away.

use super::{Frame, Job, PageFrame, limits};
use crate::{
    chunk::{Under, chunks},
    extract::{self, pdf},
};
use protocol::Fault;
use std::{
    io::{self, BufRead, BufWriter, Read, Write},
    process::ExitCode,
};

/// The longest job line.
const LONGEST_JOB: u64 = 64 << 10;

/// The extract worker's whole life; `atelier extract-worker` calls it on its main thread.
pub fn run_worker() -> ExitCode {
    limits::leave_with_parent();
    let mut input = io::stdin().lock();
    let mut output = BufWriter::new(io::stdout().lock());
    let mut line = String::new();
    loop {
        line.clear();
        match (&mut input).take(LONGEST_JOB).read_line(&mut line) {
            Ok(0) => return ExitCode::SUCCESS,
            Ok(_) => {}
            Err(_) => return ExitCode::FAILURE,
        }
        let Ok(job) = serde_json::from_str::<Job>(&line) else {
            eprintln!("not a job");
            return ExitCode::FAILURE;
        };
        if answer(job, &mut output).and_then(|()| output.flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
}

fn answer(job: Job, output: &mut impl Write) -> io::Result<()> {
    match job {
        Job::Limit { memory } => {
            limits::set(memory);
            Ok(())
        }
        Job::Read { path, format } => {
            let Some(extractor) = extract::extractor(&format) else {
                return send(output, &Frame::Failed(crate::faults::unsupported(&format)));
            };
            let (mut broken, mut under) = (None, Under::default());
            let read = (extractor.read)(&path, &mut |page| {
                let chunks = chunks(&page, &mut under);
                send(output, &Frame::Page(PageFrame::new(page, chunks))).map_err(|error| {
                    let fault = crate::faults::crashed(&error.to_string());
                    broken = Some(error);
                    fault
                })
            });
            match broken {
                Some(error) => Err(error),
                None => send(output, &outcome(read)),
            }
        }
        Job::Render { path, page, width } => match pdf::render(&path, page, width) {
            Ok(picture) => {
                let bytes = picture.png.len() as u64;
                send(output, &Frame::Picture { bytes, width: picture.width, height: picture.height })?;
                output.write_all(&picture.png)
            }
            Err(fault) => send(output, &Frame::Failed(fault)),
        },
    }
}

fn outcome(read: Result<Vec<Fault>, Fault>) -> Frame {
    match read {
        Ok(notes) => Frame::Done(notes),
        Err(fault) => Frame::Failed(fault),
    }
}

fn send(output: &mut impl Write, frame: &Frame) -> io::Result<()> {
    serde_json::to_writer(&mut *output, frame)?;
    output.write_all(b"\n")
}
