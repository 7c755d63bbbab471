//! What the rules of the grammar are called when they are shown to somebody.

use super::Rule;

/// What a rule is called in a message; none for what would only be noise in a list of what was expected.
pub(super) fn user_name(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::name | Rule::word | Rule::task_ref | Rule::typed_field | Rule::argument | Rule::entry => {
            Some("a name")
        }
        Rule::string | Rule::wrong_string | Rule::wrong_quote => Some("a text"),
        Rule::number => Some("a number"),
        Rule::expr
        | Rule::duration
        | Rule::record
        | Rule::list
        | Rule::parenthesised
        | Rule::function
        | Rule::conditional
        | Rule::kw_true
        | Rule::kw_false
        | Rule::kw_null => Some("a value"),
        Rule::length => Some("a duration"),
        Rule::type_expr | Rule::record_type | Rule::list_type | Rule::one_of => Some("a type"),
        Rule::invocation => Some("`system.operation(…)`"),
        Rule::reaction | Rule::reaction_word => {
            Some("a reaction (`reject`, `hold`, `rollback`, `skip` or `fail`)")
        }
        Rule::retry_policy => Some("a number of times"),
        Rule::fields | Rule::lbrace => Some("`{`"),
        Rule::rbrace | Rule::block_end => Some("`}`"),
        Rule::parameters | Rule::arguments | Rule::lparen => Some("`(`"),
        Rule::rparen => Some("`)`"),
        Rule::lbracket => Some("`[`"),
        Rule::rbracket => Some("`]`"),
        Rule::colon => Some("`:`"),
        Rule::comma => Some("`,`"),
        Rule::dot => Some("`.`"),
        Rule::arrow => Some("`->`"),
        Rule::equals => Some("`=`"),
        Rule::kw_type => Some("`type`"),
        Rule::kw_system => Some("`system`"),
        Rule::kw_operation => Some("`operation`"),
        Rule::kw_query => Some("`query`"),
        Rule::kw_repeatable => Some("`repeatable`"),
        Rule::kw_retry => Some("`retry`"),
        Rule::kw_times => Some("`times`"),
        Rule::kw_every => Some("`every`"),
        Rule::kw_doubling | Rule::doubling => Some("`doubling`"),
        Rule::kw_up | Rule::up_to => Some("`up`"),
        Rule::kw_to => Some("`to`"),
        Rule::kw_blueprint => Some("`blueprint`"),
        Rule::kw_version | Rule::version => Some("`version`"),
        Rule::kw_accepts => Some("`accepts`"),
        Rule::kw_order => Some("`order`"),
        Rule::kw_item => Some("`item`"),
        Rule::kw_each => Some("`each`"),
        Rule::kw_where | Rule::filter => Some("`where`"),
        Rule::kw_task => Some("`task`"),
        Rule::kw_milestone => Some("`milestone`"),
        Rule::kw_after | Rule::after => Some("`after`"),
        Rule::kw_when | Rule::when => Some("`when`"),
        Rule::kw_call => Some("`call`"),
        Rule::kw_wait => Some("`wait`"),
        Rule::kw_deadline => Some("`deadline`"),
        Rule::kw_at | Rule::at_risk => Some("`at risk after`"),
        Rule::kw_risk => Some("`risk`"),
        Rule::kw_manual => Some("`manual`"),
        Rule::kw_poll => Some("`poll`"),
        Rule::kw_until => Some("`until`"),
        Rule::kw_sleep => Some("`sleep`"),
        Rule::kw_run => Some("`run`"),
        Rule::kw_let => Some("`let`"),
        Rule::kw_verify => Some("`verify`"),
        Rule::kw_is => Some("`is`"),
        Rule::kw_amend => Some("`amend`"),
        Rule::kw_timeout => Some("`timeout`"),
        Rule::kw_within => Some("`within`"),
        Rule::kw_ensure => Some("`ensure`"),
        Rule::kw_undo => Some("`undo`"),
        Rule::kw_no => Some("`no`"),
        Rule::kw_on => Some("`on`"),
        Rule::kw_failure => Some("`failure`"),
        Rule::kw_status | Rule::status => Some("`status`"),
        Rule::kw_point => Some("`point`"),
        Rule::kw_of => Some("`of`"),
        Rule::kw_return => Some("`return`"),
        Rule::kw_a => Some("`a`"),
        Rule::kw_time => Some("`time`"),
        Rule::kw_by => Some("`by`"),
        Rule::kw_one => Some("`one`"),
        Rule::kw_for | Rule::for_customer | Rule::comprehension => Some("`for`"),
        Rule::kw_customer => Some("`customer`"),
        Rule::kw_then => Some("`then`"),
        Rule::kw_else | Rule::else_call => Some("`else`"),
        Rule::kw_test => Some("`test`"),
        Rule::kw_file => Some("`file`"),
        Rule::kw_returns | Rule::returns_value => Some("`returns`"),
        Rule::kw_fails | Rule::fails => Some("`fails`"),
        Rule::kw_refuses | Rule::refuses => Some("`refuses`"),
        Rule::times_out => Some("`times out`"),
        Rule::kw_out => Some("`out`"),
        Rule::kw_but | Rule::but_done => Some("`but is done`"),
        Rule::kw_done => Some("`done`"),
        Rule::kw_takes | Rule::takes => Some("`takes`"),
        Rule::kw_once => Some("`once`"),
        Rule::for_times => Some("a number of times"),
        Rule::kw_signal => Some("`signal`"),
        Rule::kw_complete => Some("`complete`"),
        Rule::kw_operator => Some("`operator`"),
        Rule::operator_action => Some("`retry`, `complete`, `skip`, `rollback`, `undone` or `accept`"),
        Rule::kw_pause => Some("`pause`"),
        Rule::kw_resume => Some("`resume`"),
        Rule::kw_residue => Some("`residue`"),
        Rule::kw_twice => Some("`twice`"),
        Rule::order_item => Some("an item (`item 1`)"),
        Rule::kw_cancel => Some("`cancel`"),
        Rule::kw_expect => Some("`expect`"),
        Rule::kw_undone => Some("`undone`"),
        Rule::kw_untouched => Some("`untouched`"),
        Rule::kw_elapsed => Some("`elapsed`"),
        Rule::kw_refused | Rule::expect_refused => Some("`refused`"),
        Rule::kw_most | Rule::at_most => Some("`at most`"),
        Rule::kw_least | Rule::at_least => Some("`at least`"),
        Rule::kw_between | Rule::between => Some("`between`"),
        Rule::kw_at_place | Rule::at_tasks => Some("`at`"),
        Rule::later => Some("`after`"),
        Rule::story_tasks | Rule::story_task => Some("a task"),
        Rule::task_list => Some("a list of tasks (`[a, b]`)"),
        Rule::item_id => Some("an item's id"),
        Rule::state => Some("a state"),
        Rule::place | Rule::amendment => Some("a field"),
        Rule::kw_if
        | Rule::kw_and
        | Rule::kw_or
        | Rule::kw_not
        | Rule::kw_in
        | Rule::kw_matches
        | Rule::equal
        | Rule::not_equal
        | Rule::less
        | Rule::less_equal
        | Rule::greater
        | Rule::greater_equal
        | Rule::coalesce
        | Rule::plus
        | Rule::minus
        | Rule::times
        | Rule::divide
        | Rule::negate
        | Rule::field_access
        | Rule::safe_access
        | Rule::quote
        | Rule::question
        | Rule::EOI
        | Rule::WHITESPACE
        | Rule::COMMENT
        | Rule::word_char
        | Rule::reserved
        | Rule::file
        | Rule::declaration
        | Rule::type_declaration
        | Rule::system
        | Rule::operation
        | Rule::retry_declaration
        | Rule::blueprint
        | Rule::test
        | Rule::wrong_test_name
        | Rule::test_line
        | Rule::test_order
        | Rule::stub
        | Rule::step_signal
        | Rule::step_complete
        | Rule::step_operator
        | Rule::step_cancel
        | Rule::step_pause
        | Rule::step_resume
        | Rule::moment
        | Rule::step_amend
        | Rule::amendments
        | Rule::expectation
        | Rule::expect_order
        | Rule::expect_item
        | Rule::expect_residue
        | Rule::expect_task
        | Rule::expect_undone
        | Rule::expect_untouched
        | Rule::expect_status
        | Rule::expect_call
        | Rule::expect_elapsed
        | Rule::wrong_is
        | Rule::wrong_task_list
        | Rule::of_item
        | Rule::missing_brace
        | Rule::member
        | Rule::accepts
        | Rule::order_fields
        | Rule::item
        | Rule::each
        | Rule::milestone
        | Rule::task
        | Rule::wrong_if
        | Rule::wrong_after
        | Rule::clause
        | Rule::call
        | Rule::wait
        | Rule::manual
        | Rule::poll
        | Rule::sleep
        | Rule::run
        | Rule::let_value
        | Rule::wrong_binding
        | Rule::verify
        | Rule::amend
        | Rule::deadline
        | Rule::one_at_a_time
        | Rule::returns
        | Rule::timeout
        | Rule::within
        | Rule::retry
        | Rule::no_retry
        | Rule::ensure
        | Rule::undo
        | Rule::no_undo
        | Rule::on_timeout
        | Rule::on_failure
        | Rule::point_of_no_return
        | Rule::wrong_length
        | Rule::wrong_colon
        | Rule::wrong_arrow
        | Rule::wrong_count
        | Rule::wrong_text
        | Rule::wrong_one_of
        | Rule::wrong_bar
        | Rule::wrong_generic
        | Rule::wrong_less
        | Rule::wrong_list_type
        | Rule::wrong_bracket
        | Rule::wrong_optional
        | Rule::missing_operand
        | Rule::wrong_not
        | Rule::wrong_infix
        | Rule::wrong_method
        | Rule::wrong_index
        | Rule::wrong_choice
        | Rule::wrong_bare_field
        | Rule::wrong_version
        | Rule::wrong_within
        | Rule::wrong_call
        | Rule::wrong_condition
        | Rule::wrong_more_words
        | Rule::wrong_more_word
        | Rule::wrong_computed
        | Rule::plain_duration
        | Rule::wrong_words
        | Rule::wrong_modifier
        | Rule::computed_operand
        | Rule::computed_field
        | Rule::computed_sign
        | Rule::parens
        | Rule::line_space
        | Rule::wrong_reaction
        | Rule::wrong_let_call
        | Rule::wrong_assign
        | Rule::wrong_amount
        | Rule::wrong_unit
        | Rule::wrong_key
        | Rule::wrong_one_of_list
        | Rule::wrong_access
        | Rule::wrong_date
        | Rule::wrong_pattern
        | Rule::task_head
        | Rule::wrong_comma
        | Rule::wrong_paren
        | Rule::operand
        | Rule::infix
        | Rule::primary
        | Rule::wrong_number
        | Rule::text
        | Rule::string_text
        | Rule::escape
        | Rule::wrong_escape
        | Rule::interpolation
        | Rule::stray_declaration
        | Rule::stray_operation
        | Rule::stray_blueprint_head
        | Rule::stray_member
        | Rule::stray_block
        | Rule::stray_block_head
        | Rule::stray_each_head
        | Rule::stray_task_head
        | Rule::stray_clause
        | Rule::stray_field
        | Rule::stray_test_line
        | Rule::operation_stop
        | Rule::head_stop
        | Rule::member_stop
        | Rule::body_stop
        | Rule::clause_stop
        | Rule::field_stop
        | Rule::test_stop
        | Rule::nested
        | Rule::whole
        | Rule::piece
        | Rule::gap
        | Rule::space
        | Rule::declaration_start
        | Rule::member_start
        | Rule::return_start
        | Rule::operation_start
        | Rule::on_start
        | Rule::clause_start
        | Rule::test_start
        | Rule::field_start => None,
    }
}
