//! A page of Markdown in a terminal: the little of it that the pages of `docs/rules` use.

use std::mem;

use console::{measure_text_width, style};

/// Where a line of prose ends at the latest: longer ones are hard to read.
const WIDEST: usize = 100;

/// How far code stands from the left.
const INDENT: &str = "    ";

/// The page, its prose broken to a width: headings set off, code indented, links as their texts.
pub(crate) fn page(markdown: &str, width: usize) -> String {
    let width = width.min(WIDEST);
    let mut shown: Vec<String> = Vec::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            // The name of the file, where an example has several.
            shown.extend(info.split_once(' ').map(|(_, name)| format!("{INDENT}{}", style(name).dim())));
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            shown.extend(code.map(|line| format!("{INDENT}{line}").trim_end().to_owned()));
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = style(heading.trim_start_matches('#').trim_start()).bold();
            shown.push(if line.starts_with("##") { heading.cyan() } else { heading }.to_string());
        } else if line.is_empty() {
            shown.push(String::new());
        } else {
            let mut text = line.to_owned();
            while let Some(more) = lines.next_if(|line| goes_on(line)) {
                text.push(' ');
                text.push_str(more.trim_start());
            }
            shown.extend(broken(&text, width));
        }
    }
    shown.join("\n")
}

/// Whether a line belongs to the paragraph or the point above it.
fn goes_on(line: &str) -> bool {
    !line.is_empty() && !["#", "```", "- "].iter().any(|start| line.starts_with(start))
}

/// A paragraph, or a point of a list, as lines of at most this width.
fn broken(text: &str, width: usize) -> Vec<String> {
    let hanging = if text.starts_with("- ") { "  " } else { "" };
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        if line.is_empty() {
            line = word;
        } else if measure_text_width(&line) + 1 + measure_text_width(&word) <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(mem::replace(&mut line, format!("{hanging}{word}")));
        }
    }
    lines.push(line);
    lines
}

/// The words of a paragraph. What stands in backticks is kept together and coloured.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for (n, part) in without_links(text).split('`').enumerate() {
        if n % 2 == 1 {
            word.push_str(&style(format!("`{part}`")).cyan().to_string());
            continue;
        }
        for (n, piece) in part.split(' ').enumerate() {
            if n > 0 {
                words.push(mem::take(&mut word));
            }
            word.push_str(piece);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// `[text](target)` as `text`.
fn without_links(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("](")
        && let Some((before, label)) = before.rsplit_once('[')
        && let Some((_, after)) = link.split_once(')')
    {
        shown.push_str(before);
        shown.push_str(label);
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const PAGE: &str = "\
# BP0000: a title

Some `code` and a [link](to.md) in a paragraph
that goes on, with `code that must not be broken` in it.

- A point that
  goes on for more than a line.
- Another: `[x.id for x in list]`.

## Wrong

```blueprint a.blueprint
type A = {

  b: text
}
```
";

    #[test]
    fn prose_is_broken_and_code_is_not() {
        expect![[r#"
            BP0000: a title

            Some `code` and a link in a
            paragraph that goes on, with
            `code that must not be broken`
            in it.

            - A point that goes on for
              more than a line.
            - Another:
              `[x.id for x in list]`.

            Wrong

                a.blueprint
                type A = {

                  b: text
                }"#]]
        .assert_eq(&page(PAGE, 30));
    }

    #[test]
    fn no_line_is_wider_than_people_read() {
        let wide = page(&"word ".repeat(100), 400);
        assert!(wide.lines().all(|line| line.len() <= WIDEST), "{wide}");
    }
}
