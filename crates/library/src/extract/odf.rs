//! ODT, ODS and ODP: text, sheets and slides of OpenDocument files, as a reader sees them.

mod body;
mod lists;
mod open;
mod sheet;
mod styles;
mod table;

use super::{
    Flow, Page,
    package::Package,
    xml::{Node, Xml},
};
use body::Body;
use protocol::Fault;
use std::path::Path;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let (flow, notes) = flow(&mut Package::open(path)?)?;
    flow.pages(out)?;
    Ok(notes)
}

fn flow(package: &mut Package) -> Result<(Flow, Vec<Fault>), Fault> {
    if let Some(manifest) = package.text("META-INF/manifest.xml")?
        && is_encrypted(&manifest)?
    {
        return Err(crate::faults::encrypted());
    }
    let content = package.needed("content.xml")?;
    let common = package.text("styles.xml")?.unwrap_or_default();
    let mut styles = styles::Styles::default();
    // A file with damaged styles still has its text.
    if styles.read(&common).and_then(|()| styles.read(&content)).is_err() {
        styles = styles::Styles::default();
    }
    let mut flow = Flow::default();
    let margins = styles::margins(&common).unwrap_or_default();
    let mut body = Body::new(&mut flow, &styles);
    body.walk(&content, &margins)?;
    let notes = body.notes();
    Ok((flow, notes))
}

/// Whether the parts need a password.
fn is_encrypted(manifest: &str) -> Result<bool, Fault> {
    let mut xml = Xml::of(manifest);
    while let Some(node) = xml.next()? {
        if let Node::Open(tag) = node
            && tag.name() == "encryption-data"
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
