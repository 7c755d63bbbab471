//! What holds of every picture: whatever the graph, nothing lies over anything else, and everything goes rightwards.

use std::collections::BTreeSet;

use model::TaskState;
use proptest::prelude::*;

use super::*;
use crate::kind::Kind;
use crate::model::{Frame, Node};
use crate::stage::Stage;

fn node(n: usize, kind: Kind, frame: Option<usize>) -> Node {
    Node {
        name: format!("task_{n}"),
        kind,
        does: vec![format!("{} system.operation_{n}", kind.word())],
        when: n
            .is_multiple_of(5)
            .then(|| "item.speed_mbps > 500 and not item.own_cpe or order.a == null".to_owned()),
        skipped: n
            .is_multiple_of(7)
            .then(|| "`when false` does not hold (some/long/folder/file.blueprint:17)".to_owned()),
        undo: n.is_multiple_of(3).then(|| "system.operation_that_takes_it_back_again".to_owned()),
        amend: n.is_multiple_of(4).then(|| "system.operation_that_changes_it".to_owned()),
        point_of_no_return: n.is_multiple_of(11),
        frame,
        state: TaskState::ALL.get(n % (TaskState::ALL.len() + 1)).copied(),
    }
}

prop_compose! {
    /// Any graph of up to 80 tasks: edges only from earlier to later ones, as in every blueprint's order of work.
    fn any_graph()(
        frames in 0_usize..5,
        tasks in prop::collection::vec((0..Kind::ALL.len(), any::<prop::sample::Index>(), any::<bool>()), 1..80),
        edges in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 0..160),
    ) -> Graph {
        let nodes: Vec<Node> = tasks
            .iter()
            .enumerate()
            .map(|(n, (kind, frame, outside))| {
                let frame = (frames > 0 && !outside).then(|| frame.index(frames));
                node(n, Kind::ALL[*kind], frame)
            })
            .collect();
        let mut made: Vec<Edge> = Vec::new();
        for (one, other, reads) in edges {
            let (one, other) = (one.index(nodes.len()), other.index(nodes.len()));
            let (from, to) = (one.min(other), one.max(other));
            if from != to && !made.iter().any(|edge| (edge.from, edge.to) == (from, to)) {
                let why = if reads { Why::Reads(vec![format!("task_{from}.id")]) } else { Why::After };
                made.push(Edge { from, to, why });
            }
        }
        let frames = (0..frames).map(|n| Frame { title: format!("each kind_{n} where item.action == add") }).collect();
        Graph { title: "any@1".to_owned(), subtitle: String::new(), nodes, edges: made, frames }
    }
}

fn overlap(one: Rect, other: Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

fn contains(outer: Rect, inner: Rect) -> bool {
    outer.x <= inner.x
        && inner.right() <= outer.right()
        && outer.y <= inner.y
        && inner.bottom() <= outer.bottom()
}

#[track_caller]
fn check(graph: &Graph) {
    let layout = layout(&input(graph));
    let whole = Rect { x: 0, y: 0, width: layout.width, height: layout.height };
    let frames: Vec<(usize, Rect)> =
        layout.frames.iter().copied().enumerate().filter(|(_, frame)| frame.width > 0).collect();
    for (n, one) in layout.boxes.iter().enumerate() {
        assert!(contains(whole, *one), "{n} is outside");
        for other in layout.boxes.iter().skip(n + 1) {
            assert!(!overlap(*one, *other), "{one:?} lies over {other:?}");
        }
        for (frame, at) in &frames {
            match graph.nodes[n].frame == Some(*frame) {
                true => assert!(contains(*at, *one), "{n} leaves its frame"),
                false => assert!(!overlap(*at, *one), "{n} is in a frame that is not its own"),
            }
        }
        let (_, room) = node::room(&graph.nodes[n], *one);
        for line in node::lines(&graph.nodes[n]) {
            assert!(text::width(&line.text, line.size) <= room, "`{}` is wider than its box", line.text);
        }
    }
    for (n, (_, one)) in frames.iter().enumerate() {
        assert!(contains(whole, *one));
        assert!(
            !frames.iter().skip(n + 1).any(|(_, other)| overlap(*one, *other)),
            "frames lie over each other"
        );
    }
    for edge in &graph.edges {
        assert!(layout.boxes[edge.from].right() < layout.boxes[edge.to].x, "{edge:?} does not go rightwards");
    }
    for route in &layout.routes {
        for Hop { from, to, through } in &route.hops {
            assert!(from.0 < to.0 && to.0 <= *through);
            // It goes straight past a layer, where boxes are, and bends only between layers, where none are.
            let straight = Rect { x: to.0, y: to.1, width: through - to.0, height: 1 };
            assert!(!layout.boxes.iter().any(|at| overlap(*at, straight)), "an edge lies over a box");
            let bend = Rect {
                x: from.0,
                y: from.1.min(to.1),
                width: to.0 - from.0,
                height: (from.1 - to.1).abs() + 1,
            };
            assert!(!layout.boxes.iter().any(|at| overlap(*at, bend)), "an edge bends over a box");
        }
        let ends = route.hops.iter().filter(|hop| hop.to.0 == hop.through).map(|hop| hop.to);
        assert_eq!(ends.collect::<BTreeSet<_>>().len(), 1, "the edges of a group have one head");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_lies_over_anything_else_and_all_goes_rightwards(graph in any_graph()) {
        check(&graph);
        prop_assert_eq!(svg(&graph), svg(&graph));
    }
}

#[test]
fn all_that_is_drawn_is_drawn_up_to_the_limit_and_no_further() {
    let many = |count: usize| Graph {
        title: "many@1".to_owned(),
        subtitle: String::new(),
        nodes: (0..count).map(|n| node(n, Kind::Call, None)).collect(),
        edges: (1..count)
            .map(|n| Edge { from: n / 2, to: n, why: Why::After })
            .filter(|e| e.from != e.to)
            .collect(),
        frames: Vec::new(),
    };
    check(&many(MOST_NODES));
    assert!(svg(&many(MOST_NODES)).unwrap().contains("task_399"));
    assert_eq!(svg(&many(MOST_NODES + 1)), Err(TooLarge { found: MOST_NODES + 1 }));
}

#[test]
fn texts_can_not_break_out_of_the_picture() {
    let evil = "</text></svg><script>alert(\"1\")</script>&amp;";
    let mut graph = Graph {
        title: evil.to_owned(),
        subtitle: evil.to_owned(),
        nodes: vec![node(0, Kind::Wait, Some(0)), node(1, Kind::Milestone, None)],
        edges: vec![Edge { from: 0, to: 1, why: Why::Reads(vec![evil.to_owned()]) }],
        frames: vec![Frame { title: evil.to_owned() }],
    };
    evil.clone_into(&mut graph.nodes[0].name);
    graph.nodes[0].does = vec![evil.to_owned()];
    graph.nodes[0].skipped = Some(evil.to_owned());
    let picture = svg(&graph).unwrap();
    assert!(!picture.contains("<script") && !picture.contains("&amp;"), "{picture}");
    assert_eq!(picture.matches("</svg>").count(), 1);
    check(&graph);
}

#[test]
fn every_kind_has_its_colours_for_light_and_for_dark() {
    for kind in Kind::ALL.map(Kind::word) {
        let rule = format!("\n.owg .{kind}{{fill:var(--{kind});stroke:var(--{kind}-rim)}}\n");
        assert!(style::STYLE.contains(&rule), "{kind} has no rule");
        for colour in [format!("--{kind}:#"), format!("--{kind}-rim:#")] {
            assert_eq!(style::STYLE.matches(&colour).count(), 2, "{kind} needs {colour} twice");
        }
    }
    // Tasks that are told apart by nothing but their colour are not told apart by everybody.
    let shown = |kind| (kind, node::outline(kind, None, Rect { x: 0, y: 0, width: 100, height: 40 }));
    let [call, manual, run] = [Kind::Call, Kind::Manual, Kind::Run].map(shown);
    assert!(!manual.1.contains("<rect") && !run.1.contains("<rect") && call.1.contains("<rect"));
}

#[test]
fn every_stage_has_its_colours_for_light_and_for_dark_and_is_told_in_words_too() {
    for stage in Stage::ALL {
        let class = stage.class();
        let rule = format!("\n.owg .shape.{class}{{fill:var(--{class});stroke:var(--{class}-rim)}}\n");
        assert!(style::STYLE.contains(&rule), "{class} has no rule");
        for colour in [format!("--{class}:#"), format!("--{class}-rim:#")] {
            assert_eq!(style::STYLE.matches(&colour).count(), 2, "{class} needs {colour} twice");
        }
    }
    for state in TaskState::ALL.iter().copied() {
        let mut graph = Graph {
            title: "one@1".to_owned(),
            subtitle: String::new(),
            nodes: vec![node(1, Kind::Call, None)],
            edges: vec![],
            frames: vec![],
        };
        graph = graph.with_states(|name| (name == "task_1").then_some(state));
        let (stage, picture) = (Stage::of(state), svg(&graph).unwrap());
        assert!(picture.contains(&format!("class=\"shape call {}\"", stage.class())), "{state}: {picture}");
        assert!(picture.contains(&format!(" {state}</text>")), "{state} is in no words");
        assert!(picture.contains(&format!(">{}</text>", stage.text())), "{state} is not in the legend");
        for text in [crate::mermaid(&graph), crate::dot(&graph)] {
            assert!(text.contains(&format!(" {state}")) && text.contains(stage.colours().0), "{text}");
        }
    }
}

#[test]
fn nothing_to_draw_is_a_picture_too() {
    let graph = Graph {
        title: "none@1".to_owned(),
        subtitle: String::new(),
        nodes: vec![],
        edges: vec![],
        frames: vec![],
    };
    assert!(svg(&graph).unwrap().ends_with("</svg>\n"));
}
