//! The colours and fonts, for light and for dark pages.

/// The style sheet. Every rule is about what is inside our own picture, which may stand in a page among others.
pub(super) const STYLE: &str = "\
.owg{--page:#fff;--ink:#1c2430;--soft:#5b6675;--line:#8592a3;--frame:#f5f7fa;--rim:#d3dae3;\
--call:#e8f1fd;--call-rim:#3b76c4;--query:#e6f6f3;--query-rim:#1f8a78;--wait:#fdf3df;--wait-rim:#b37a12;\
--manual:#fdebf2;--manual-rim:#b93d72;--poll:#e4f4fa;--poll-rim:#227f9f;--sleep:#eef0f3;--sleep-rim:#68758a;\
--run:#eaecfd;--run-rim:#4b58c9;--let:#eff6e5;--let-rim:#5f8726;\
--milestone:#f1ebfc;--milestone-rim:#7a55c2;--stop:#c22f3d;\
--coming:#fff;--coming-rim:#8592a3;--moving:#dcebfd;--moving-rim:#3b76c4;--stuck:#fde4e6;--stuck-rim:#c22f3d;\
--done:#dff3e2;--done-rim:#2f8a45;--back:#fdf0d8;--back-rim:#b37a12;--gone:#eef0f3;--gone-rim:#a3adba}
@media (prefers-color-scheme:dark){.owg{--page:#12161c;--ink:#e8edf4;--soft:#9eabbb;--line:#718096;--frame:#1a2029;--rim:#36404d;\
--call:#1b2c44;--call-rim:#6ea6ec;--query:#16322f;--query-rim:#51c2ae;--wait:#39290f;--wait-rim:#dfa949;\
--manual:#3a1d2b;--manual-rim:#ee8db3;--poll:#12303b;--poll-rim:#5fc0e0;--sleep:#262c36;--sleep-rim:#98a4b6;\
--run:#21264b;--run-rim:#939df7;--let:#232f16;--let-rim:#a5cd66;\
--milestone:#2b2145;--milestone-rim:#ac8df0;--stop:#ff7b86;\
--coming:#12161c;--coming-rim:#718096;--moving:#173150;--moving-rim:#6ea6ec;--stuck:#43191e;--stuck-rim:#ff7b86;\
--done:#16351f;--done-rim:#63c27c;--back:#3a2a0f;--back-rim:#dfa949;--gone:#22272f;--gone-rim:#5d6876}}
.owg .page{fill:var(--page)}
.owg text{fill:var(--ink);font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}
.owg .title{font-size:18px;font-weight:700}
.owg .name{font-size:13px;font-weight:700}
.owg .soft{fill:var(--soft)}
.owg .small{font-size:10px}
.owg .stop{fill:var(--stop);font-weight:700}
.owg .frame{fill:var(--frame);stroke:var(--rim)}
.owg .frame-title{font-weight:700;fill:var(--soft)}
.owg .shape{stroke-width:1.5}
.owg .call{fill:var(--call);stroke:var(--call-rim)}
.owg .query{fill:var(--query);stroke:var(--query-rim)}
.owg .wait{fill:var(--wait);stroke:var(--wait-rim)}
.owg .manual{fill:var(--manual);stroke:var(--manual-rim)}
.owg .poll{fill:var(--poll);stroke:var(--poll-rim)}
.owg .sleep{fill:var(--sleep);stroke:var(--sleep-rim)}
.owg .run{fill:var(--run);stroke:var(--run-rim)}
.owg .let{fill:var(--let);stroke:var(--let-rim)}
.owg .milestone{fill:var(--milestone);stroke:var(--milestone-rim)}
.owg .shape.coming{fill:var(--coming);stroke:var(--coming-rim)}
.owg .shape.moving{fill:var(--moving);stroke:var(--moving-rim)}
.owg .shape.stuck{fill:var(--stuck);stroke:var(--stuck-rim)}
.owg .shape.done{fill:var(--done);stroke:var(--done-rim)}
.owg .shape.back{fill:var(--back);stroke:var(--back-rim)}
.owg .shape.gone{fill:var(--gone);stroke:var(--gone-rim)}
.owg .skipped .shape,.owg .shape.skipped{stroke-dasharray:5 4;fill:var(--page)}
.owg .skipped text{fill:var(--soft)}
.owg .edge{fill:none;stroke:var(--line);stroke-width:1.5}
.owg .after{stroke-dasharray:4 4}
.owg .head{fill:var(--line);stroke:var(--line);stroke-width:1.5;stroke-linejoin:round}
.owg .head.open{fill:none}
.owg .undo{fill:none;stroke:var(--soft);stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}
.owg .bar{stroke:var(--stop);stroke-width:3}
";
