//! Whoever types gets the answers that somebody would get who sees the text for the first time.
//!
//! An [`Analyser`] that has followed all edits is compared with a new one, and what is learnt of one file with what is
//! known of it when all of them are looked into.

use dsl::FileId;
use dsl::index::{Analyser, Analysis, Declaration, Part};
use model::Type;
use proptest::prelude::*;
use proptest::sample::{Index as Pick, select};

/// Files that use each other, with everything that leads from one to another.
const FILES: [(&str, &str); 3] = [
    (
        "a.blueprint",
        "type Address = { street: text, city: text }\nsystem net {\n  /// Sets a port aside.\n  \
         operation reserve(kind: text, at: Address) -> { id: text, unit: text }\n  operation free(id: text)\n  \
         query read(id: text) -> { state: one of \"up\", \"down\" }\n}\nretry patient = 5 times every 2s\n\
         blueprint carry(to: Address) -> { parcel: text } {\n  task pick { call net.reserve(kind: \"van\", at: to)  no undo \"gone\" }\n  \
         return { parcel: pick.id }\n}\n",
    ),
    (
        "b.blueprint",
        "blueprint fibre version 1 {\n  accepts order where order.category == \"consumer\"\n  order { address: Address, note: text? }\n  \
         item line where item.offering == \"LINE\" { speed: int }\n  \
         task check { let { total: sum([l.speed for l in line.items]), where: order.address } }\n  \
         each line where item.action == add {\n    task port after check {\n      \
         call net.reserve(kind: \"port {item.speed}\", at: { street: order.address.street, city: \"x\" })\n      retry patient\n      \
         undo net.free(id: result.id)\n    }\n    task light { poll net.read(id: port.id) every 10s until result.state == up within 1h }\n  }\n  \
         task tell after line.light { run carry(to: check.where) }\n}\n",
    ),
    (
        "c.blueprint",
        "test \"a line is made\" {\n  order {\n    category: \"consumer\", customer: { id: \"C\" },\n    attributes: { address: { street: \"s\", city: \"c\" } },\n    \
         items: [{ id: \"1\", offering: \"LINE\", action: add, attributes: { speed: 1 } }],\n  }\n  net.reserve fails at port\n  \
         operator rollback at port\n  expect check succeeded\n  expect undone []\n  expect call net.reserve(kind: \"port 1\") once\n}\n",
    ),
];

/// What is typed; some of it declares what others use, or takes it away.
const TYPED: &[&str] = &[
    "",
    " ",
    "\n",
    "// ",
    "x",
    ".",
    "{",
    "}",
    "\"",
    "type Other = Address\n",
    "type Address = text\n",
    "system net { }\n",
    "retry patient = 2 times\n",
    "blueprint carry(to: text) { task t { let to } }\n",
    "task port { let 1 }\n",
    "expect port succeeded\n",
];

#[derive(Clone, Debug)]
enum Edit {
    /// Some characters of a file are replaced.
    Type { file: Pick, at: Pick, gone: usize, text: &'static str },
    /// A file comes first, so that all have other places.
    First(Pick),
    /// A file is removed.
    Remove(Pick),
}

fn edit() -> impl Strategy<Value = Edit> {
    let file = any::<Pick>;
    prop_oneof![
        8 => (file(), file(), 0..12_usize, select(TYPED)).prop_map(|(file, at, gone, text)| Edit::Type { file, at, gone, text }),
        1 => file().prop_map(Edit::First),
        1 => file().prop_map(Edit::Remove),
    ]
}

/// Makes an edit; which file it was in, and where.
fn make(files: &mut Vec<(String, String)>, edit: Edit) -> (usize, usize) {
    match edit {
        Edit::Type { file, at, gone, text } => {
            let file = file.index(files.len());
            let old = &mut files[file].1;
            let starts: Vec<usize> = old.char_indices().map(|(at, _)| at).chain([old.len()]).collect();
            let first = at.index(starts.len());
            let last = (first + gone).min(starts.len() - 1);
            old.replace_range(starts[first]..starts[last], text);
            (file, starts[first] + text.len())
        }
        Edit::First(file) => {
            let file = file.index(files.len());
            files[..=file].rotate_right(1);
            (0, 0)
        }
        Edit::Remove(file) => {
            if files.len() > 1 {
                files.remove(file.index(files.len()));
            }
            (0, 0)
        }
    }
}

/// A name of a file: what it means, the type of that, and where in the file it is used.
type Name = (dsl::Span, Declaration, Option<Type>, Vec<dsl::Span>);

/// What is known at one byte: the name there, and the smallest expression with its type.
type Known = (Option<Name>, Option<(dsl::Span, Type)>);

/// All that is known of a file, byte by byte.
fn known(analysis: &Analysis, file: FileId) -> Vec<Known> {
    let index = &analysis.index;
    let name = |byte| {
        let (at, id) = index.name_at(file, byte)?;
        let declaration = index.declaration(id)?.clone();
        let uses = index.uses(id).filter(|at| at.file == file).collect();
        let of = index.type_of(declaration.span).cloned();
        Some((at, declaration, of, uses))
    };
    let bytes = analysis.sources.file(file).unwrap().text.len();
    (0..=bytes).map(|byte| (name(byte), index.type_at(file, byte).map(|(at, of)| (at, of.clone())))).collect()
}

fn id(analysis: &Analysis, file: usize) -> FileId {
    analysis.sources.files().nth(file).unwrap().0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_after_many_edits_is_what_is_known_at_first_sight(edits in prop::collection::vec(edit(), 1..8)) {
        let mut files: Vec<(String, String)> =
            FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut analyser = Analyser::new();
        for edit in edits {
            let (file, byte) = make(&mut files, edit);
            let fresh = Analyser::new().analyse(&files);
            let diagnosed = analyser.diagnose(&files);
            prop_assert_eq!(&diagnosed.diagnostics, &fresh.diagnostics);
            let learnt = analyser.learn(diagnosed, Part::File(id(&fresh, file)));
            prop_assert_eq!(&learnt.diagnostics, &fresh.diagnostics);
            prop_assert_eq!(known(&learnt, id(&fresh, file)), known(&fresh, id(&fresh, file)));
            let offered = analyser.complete(&files, id(&fresh, file), byte);
            prop_assert_eq!(offered, Analyser::new().complete(&files, id(&fresh, file), byte));
            let whole = analyser.learn(learnt, Part::Whole);
            for file in 0..files.len() {
                prop_assert_eq!(known(&whole, id(&fresh, file)), known(&fresh, id(&fresh, file)));
            }
        }
    }
}

#[test]
fn every_file_by_itself_is_known_as_well_as_all_of_them() {
    let files: Vec<(String, String)> =
        FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let whole = Analyser::new().analyse(&files);
    assert_eq!(whole.diagnostics, []);
    for file in 0..files.len() {
        let mut analyser = Analyser::new();
        let diagnosed = analyser.diagnose(&files);
        let part = Part::File(id(&whole, file));
        assert!(!diagnosed.index.covers(part));
        let learnt = analyser.learn(diagnosed, part);
        assert!(
            learnt.index.covers(part)
                && learnt.index.covers(Part::Names)
                && !learnt.index.covers(Part::Whole)
        );
        let known = known(&learnt, id(&whole, file));
        assert!(known.iter().filter(|(name, _)| name.is_some()).count() > 20);
        assert_eq!(known, self::known(&whole, id(&whole, file)));
    }
}
