//! The child's side: reads jobs, runs parsers, writes frames, until its parent goes away.

use super::{Frame, Job, PageFrame, Sandbox, limits};
use crate::{
    chunk::{Under, chunks},
    extract::{self, About, Page, Piece, Sink, pdf},
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

pub(super) fn answer(job: Job, output: &mut impl Write) -> io::Result<()> {
    match job {
        Job::Enter { memory, documents, background } => {
            limits::set(memory);
            if background {
                limits::give_way();
            }
            // First: a thread that was there before stays outside.
            let sandbox = Sandbox::enter(&documents);
            limits::leave_with_parent();
            send(output, &Frame::Entered(sandbox))
        }
        Job::Read(asked) => {
            let read: extract::Read = match extract::extractor(&asked.format) {
                Some(extractor) => extractor.read,
                None if extract::is_picture(&asked.format) => extract::read_picture,
                None => return send(output, &Frame::Failed(crate::faults::unsupported(&asked.format))),
            };
            let (mut broken, mut under) = (None, Under::default());
            let mut hand_out = |page: Page| {
                let chunks = chunks(&page, &mut under);
                told(send(output, &Frame::Page(PageFrame::new(page, chunks))), &mut broken)
            };
            let password = asked.password.as_ref().map(|password| password.0.as_str());
            let read = match password {
                Some(password) if asked.format == "pdf" => pdf::read_with(&asked.path, password, &mut hand_out),
                Some(_) | None => read(&asked.path, &mut hand_out),
            };
            let parts = extract::parts(&asked.format).filter(|_| asked.parts);
            let read = match (read, parts) {
                (Ok(notes), Some(parts)) => {
                    let mut hand_over = |piece: Piece<'_>| told(send_piece(output, piece), &mut broken);
                    let size = asked.path.metadata().map_or(0, |meta| meta.len());
                    let mut sink = Sink::new(size, &mut hand_over);
                    parts(&asked.path, &mut sink).map(|()| notes.into_iter().chain(sink.notes()).collect())
                }
                (read, _) => read,
            };
            match broken {
                Some(error) => Err(error),
                None => {
                    let about = read.as_ref().map(|_| extract::about(&asked.format, &asked.path, password)).ok();
                    send(output, &outcome(read, about.unwrap_or_default()))
                }
            }
        }
        Job::Render { path, page, width, password } => match pdf::render(&path, page, width, password.map(|p| p.0)) {
            Ok(picture) => {
                let bytes = picture.png.len() as u64;
                send(output, &Frame::Picture { bytes, width: picture.width, height: picture.height })?;
                output.write_all(&picture.png)
            }
            Err(fault) => send(output, &Frame::Failed(fault)),
        },
    }
}

/// Ends the reading where the parent is gone; keeps the error, which ends the child.
fn told(sent: io::Result<()>, broken: &mut Option<io::Error>) -> Result<(), Fault> {
    sent.map_err(|error| {
        let fault = crate::faults::crashed(&error.to_string());
        *broken = Some(error);
        fault
    })
}

fn send_piece(output: &mut impl Write, piece: Piece<'_>) -> io::Result<()> {
    match piece {
        Piece::Begin(place) => send(output, &Frame::Part { place: place.to_owned() }),
        Piece::Bytes(bytes) => {
            send(output, &Frame::Bytes { bytes: bytes.len() as u32 })?;
            output.write_all(bytes)
        }
        Piece::End { whole } => send(output, &Frame::PartEnd { whole }),
    }
}

fn outcome(read: Result<Vec<Fault>, Fault>, about: About) -> Frame {
    match read {
        Ok(notes) => Frame::Done { notes, about },
        Err(fault) => Frame::Failed(fault),
    }
}

fn send(output: &mut impl Write, frame: &Frame) -> io::Result<()> {
    serde_json::to_writer(&mut *output, frame)?;
    output.write_all(b"\n")
}
