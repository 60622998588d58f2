//! What edges answer in place of the shop, made fit to be shown: pages of HTML, and addresses that
//! they lead to.

use std::borrow::Cow;

/// Bytes of a page that are looked at: what is shown is far shorter.
const PAGE_BYTES_MAX: usize = 16 * 1024;

/// The words of a page of HTML; any other text as it is.
pub(super) fn text(said: &str) -> String {
    let start = said.trim_start();
    let is_page = start.get(..5).is_some_and(|start| {
        start.eq_ignore_ascii_case("<html") || start.eq_ignore_ascii_case("<!doc")
    });
    if !is_page {
        return said.to_owned();
    }
    let end = start.char_indices().map(|(at, _)| at).take_while(|at| *at < PAGE_BYTES_MAX).last();
    let page = &start[..end.unwrap_or(0)];
    // The title says again what the page says, or is all that it says.
    let body = page.to_ascii_lowercase().find("<body").map_or("", |at| &page[at..]);
    let words = words(body);
    if words.is_empty() { self::words(page) } else { words }
}

fn words(html: &str) -> String {
    let mut shown = String::new();
    let mut pieces = html.split('<');
    shown.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (tag, after) = piece.split_once('>').unwrap_or((piece, ""));
        let tag = tag.to_ascii_lowercase();
        let is_code = tag.starts_with("script") || tag.starts_with("style");
        shown.push(' ');
        if !is_code {
            shown.push_str(after);
        }
    }
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An address without what may be a secret in it: who signs in, query and fragment.
pub(super) fn shown_address(address: &str) -> Cow<'_, str> {
    let address = address.trim();
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let address = &address[..end];
    let Some((before, rest)) = address.split_once("//") else { return address.into() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{before}//{host}{path}").into(),
        None => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_shown_by_its_words() {
        let nginx = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                     <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n\
                     </body>\r\n</html>\r\n";
        assert_eq!(text(nginx), "502 Bad Gateway nginx");
        let title = "<!DOCTYPE html><html><head><title>Down</title><style>b{}</style></head>\
                     <body><script>x<1</script></body></html>";
        assert_eq!(text(title), "Down");
        for plain in ["no page", "a < b > c", "", "<", "<htm", "<\u{e9}\u{e9}\u{e9}"] {
            assert_eq!(text(plain), plain);
        }
        assert!(text(&format!("<html>{}", "\u{20ac}".repeat(20_000))).len() <= PAGE_BYTES_MAX);
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (address, shown) in [
            ("https://www.shop.example/a/b", "https://www.shop.example/a/b"),
            ("https://u:SEKRET@shop.example/a?token=SEKRET", "https://shop.example/a"),
            ("//u:SEKRET@shop.example", "//shop.example"),
            ("/login?next=SEKRET#SEKRET", "/login"),
            ("https://shop.example/a@b", "https://shop.example/a@b"),
        ] {
            assert_eq!(shown_address(address), shown, "{address}");
        }
    }
}
