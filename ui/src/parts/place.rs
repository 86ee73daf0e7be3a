//! What people call a place in a document: the cells of a sheet, a slide, a chapter, or the page.

/// In running text: `page 3`, `slide 3`, `Rent!B4:D4`.
pub fn place(place: Option<&str>, page: u32) -> String {
    named(place).unwrap_or_else(|| t!("cite.on_page", page = page))
}

/// Where there is little room: `p. 3`.
pub fn short_place(place: Option<&str>, page: u32) -> String {
    named(place).unwrap_or_else(|| t!("cite.page", page = page))
}

/// Which page of a document is shown: `Sheet Rent · 2 of 5`.
pub fn page_line(format: &str, label: Option<&str>, page: u32, pages: u32) -> String {
    let Some(label) = label else { return t!("viewer.page_of", page = page, pages = pages) };
    match (slide(label), format) {
        // A slide that is longer than a page moves those after it.
        (Some(number), _) if number == page => t!("viewer.slide_of", page = page, pages = pages),
        (None, "xlsx" | "xls" | "ods") => t!("viewer.sheet_of", label = label, page = page, pages = pages),
        (Some(_) | None, _) => {
            let label = named(Some(label)).unwrap_or_default();
            t!("viewer.label_of", label = label, page = page, pages = pages)
        }
    }
}

fn named(place: Option<&str>) -> Option<String> {
    let place = place?;
    Some(slide(place).map_or_else(|| place.to_owned(), |number| t!("cite.slide", slide = number)))
}

/// The number of a slide. Slides come without words of any language but this one.
fn slide(place: &str) -> Option<u32> {
    place.strip_prefix("Slide ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_name_that_people_use() {
        assert_eq!(place(Some("Rent!B4:D4"), 2), "Rent!B4:D4");
        assert_eq!(place(Some("Slide 3"), 3), t!("cite.slide", slide = 3));
        assert_eq!(place(Some("Slide rules"), 3), "Slide rules");
        assert_eq!(place(None, 3), t!("cite.on_page", page = 3));
        assert_eq!(short_place(None, 3), t!("cite.page", page = 3));
    }

    #[test]
    fn the_page_line_says_the_page_s_own_name() {
        for (format, label, expected) in [
            ("xlsx", Some("Rent"), t!("viewer.sheet_of", label = "Rent", page = 2, pages = 5)),
            ("pptx", Some("Slide 2"), t!("viewer.slide_of", page = 2, pages = 5)),
            ("pptx", Some("Slide 1"), t!("viewer.label_of", label = t!("cite.slide", slide = 1), page = 2, pages = 5)),
            ("epub", Some("Terms"), t!("viewer.label_of", label = "Terms", page = 2, pages = 5)),
            ("md", None, t!("viewer.page_of", page = 2, pages = 5)),
        ] {
            assert_eq!(page_line(format, label, 2, 5), expected, "{format} {label:?}");
        }
    }
}
