//! What stands around the text of a web page: which part is its article, where that is clear, and what
//! asks for consent. In doubt everything is text.

use scraper::{ElementRef, Html, Node, Selector, node::Element};

/// A `<main>` with less text than this is a shell; the whole body is read.
const LEAST_MAIN_CHARS: usize = 250;
/// Banners of the programs that ask for consent, by the beginning of their id or class.
const CONSENT: &[&str] = &[
    "onetrust-",
    "cybotcookiebot",
    "usercentrics-",
    "didomi-",
    "qc-cmp2-",
    "sp_message_container",
    "truste-",
    "cookie-banner",
    "cookiebanner",
    "cookie-consent",
    "cookieconsent",
    "cookie-notice",
    "cookie-law",
    "cookie-bar",
    "cookie-popup",
    "cookie-modal",
    "cookie-overlay",
    "cc-window",
    "cc-banner",
    "gdpr-banner",
    "gdpr-consent",
    "consent-banner",
    "consent-manager",
    "cmpbox",
    "tarteaucitron",
];

/// The article of a page: its only `<main>`, or its only `<article>` where most of the text is in it.
pub fn article(html: &Html) -> Option<ElementRef<'_>> {
    let only = |what: &str| {
        let selector = Selector::parse(what).ok()?;
        let mut found = html.select(&selector);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    };
    only("main, [role=main]")
        .filter(|main| chars(*main) >= LEAST_MAIN_CHARS)
        .or_else(|| only("article").filter(|article| 2 * chars(*article) >= chars(html.root_element())))
}

/// Whether an element asks for consent to cookies.
pub fn is_consent(element: &Element) -> bool {
    let begins = |name: &str| {
        let name = name.to_ascii_lowercase();
        CONSENT.iter().any(|known| name.starts_with(known))
    };
    // The page itself may say that one is open.
    !matches!(element.name(), "html" | "body" | "main" | "article")
        && (element.id().is_some_and(begins) || element.classes().any(begins))
}

/// The chars of an element's text, without spaces and what no reader sees.
fn chars(element: ElementRef<'_>) -> usize {
    let unseen =
        |name: &str| matches!(name, "script" | "style" | "template" | "noscript" | "head" | "title" | "nav" | "select");
    let mut count = 0;
    let mut skipping = 0usize;
    for edge in element.traverse() {
        use ego_tree::iter::Edge;
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(inner) if unseen(inner.name()) => skipping += 1,
                Node::Text(text) if skipping == 0 => count += text.chars().filter(|c| !c.is_whitespace()).count(),
                _ => {}
            },
            Edge::Close(node) => {
                if node.value().as_element().is_some_and(|inner| unseen(inner.name())) {
                    skipping = skipping.saturating_sub(1);
                }
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use crate::extract::html::flow;

    fn text(source: &str) -> String {
        let mut text = String::new();
        flow(source)
            .pages(&mut |page| {
                text += &page.text;
                Ok(())
            })
            .unwrap();
        text
    }

    #[test]
    fn what_stands_around_a_clear_article_is_left_out() {
        let words = "The tenant gives ninety days of notice. ".repeat(10);
        for around in ["<main>", "<div role=main>", "<article>"] {
            let end = around.replace('<', "</").replace(" role=main", "");
            let page = format!(
                "<html class=cookie-consent><body><header>Shop of lynxes</header>{around}<h1>Notice</h1><p>{words}</p>{end}\
                 <aside>Read this too</aside><footer>Imprint</footer></body></html>"
            );
            let text = text(&page);
            assert!(text.starts_with("Notice\n\nThe tenant"), "{around}: {text}");
            assert!(["Shop", "Read this", "Imprint"].iter().all(|word| !text.contains(word)), "{around}: {text}");
        }
    }

    #[test]
    fn without_a_clear_article_nothing_is_left_out_but_what_asks_for_consent() {
        let contract = "<body><header>Lease of 1 March</header><section><p>The rent is 900 euros.</p></section>\
            <article>First annex</article><article>Second annex</article>\
            <div id=onetrust-consent-sdk><p>We value your privacy</p></div><div class='cookie-banner big'>Accept all</div>\
            <footer>Signed in Zürich</footer></body>";
        assert_eq!(
            text(contract),
            "Lease of 1 March\n\nThe rent is 900 euros.\n\nFirst annex\n\nSecond annex\n\nSigned in Zürich"
        );
    }
}
