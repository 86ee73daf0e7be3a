//! How the parts of an Office Open XML file (DOCX, PPTX, XLSX) point to each other.

use super::{
    package::{Package, resolve},
    xml::{Node, Xml},
};
use protocol::Fault;

/// A part that another part points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    /// By what the other part names it.
    pub id: String,
    /// What it is: the last word of the type's address.
    pub kind: String,
    /// The part's name.
    pub target: String,
}

/// The parts that a part points to, those outside the file left out; `""` is the file itself.
pub(crate) fn relations(package: &mut Package, part: &str) -> Result<Vec<Relation>, Fault> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let place = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
    let Some(text) = package.text(&place)? else { return Ok(Vec::new()) };
    let mut xml = Xml::of(&text);
    let mut relations = Vec::new();
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if tag.name() != "Relationship" || tag.attr("TargetMode").as_deref() == Some("External") {
            continue;
        }
        if let (Some(id), Some(kind), Some(target)) = (tag.attr("Id"), tag.attr("Type"), tag.attr("Target")) {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            relations.push(Relation { id, kind, target: resolve(part, &target) });
        }
    }
    Ok(relations)
}

/// The part that the file is about.
pub(crate) fn main_part(package: &mut Package, usual: &str) -> Result<String, Fault> {
    let main = relations(package, "")?.into_iter().find(|relation| relation.kind == "officeDocument");
    Ok(main.map(|relation| relation.target).filter(|target| package.has(target)).unwrap_or_else(|| usual.to_owned()))
}

/// The first part of this kind.
pub(crate) fn first<'a>(relations: &'a [Relation], kind: &str) -> Option<&'a str> {
    relations.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str())
}

/// Whether a switch is on: `<w:vanish/>` and `w:val="1"` are, `w:val="0"` is not.
pub(crate) fn is_on(value: Option<&str>) -> bool {
    !matches!(value, Some("0" | "false" | "off" | "none"))
}
