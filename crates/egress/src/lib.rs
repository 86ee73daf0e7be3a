//! The gate: may this request leave the machine, and what left it?
//!
//! Every outbound request of Atelier goes through a [`Gate`]. It judges the destination ([`judge`],
//! a pure function), writes the ledger *before* the first byte (no ledger, no request), follows no
//! redirect without a new verdict, and counts what crossed in both directions.
//!
//! Absences that the rest relies on: no proxy from the environment, no cookies, no connection kept
//! open after its answer, no `Referer`, no decompression, no credentials in an address. A rule that is taken
//! back, or the seal, also cuts connections that are open.

mod crossing;
mod error;
mod gate;
mod incoming;
mod judge;
mod measure;
mod outgoing;
mod totals;

pub use crossing::LedgerFn;
pub use error::EgressError;
pub use gate::{Gate, MAX_REDIRECTS};
pub use incoming::Incoming;
pub use judge::{Destination, Rules, is_host, judge};
pub use outgoing::{Errand, Outgoing};
pub use reqwest::{Method, StatusCode, Url, header};
