import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import BadRowError, ConfigError, NoRowsError, UnknownNameError
from hf_regional.metrics import Question, prompt_graph_scores

BIKE = (
    Question("bike", category="entity"),
    Question("red", ("bike",), "attribute"),
    Question("rider", ("bike",), "entity"),
    Question("rider smiles", ("rider",), "attribute"),
)
YES = {"bike": True, "red": True, "rider": True, "rider smiles": True}


def one(answers, graph=BIKE):
    return prompt_graph_scores({"p": graph}, [("p", answers)])


def test_a_question_counts_where_all_it_rests_on_is_there():
    assert one(YES).score == 1
    assert one(YES | {"red": False}).score == 3 / 4
    assert one(YES | {"rider": False}).score == 2 / 4
    assert one(YES | {"bike": False}).score == 0  # the smile rests on the rider, and the rider on the bike


def test_the_order_in_which_questions_are_listed_does_not_matter():
    assert one(YES | {"bike": False, "red": False}, BIKE[::-1]).score == 0
    assert one(YES | {"rider": False}, BIKE[::-1]).score == 2 / 4


def test_pictures_are_averaged_in_their_prompt_and_prompts_among_each_other():
    graphs = {"p": BIKE, "q": (Question("cat", category="entity"),)}
    answers = [("p", YES), ("p", YES | {"bike": False}), ("q", {"cat": True})]
    found = prompt_graph_scores(graphs, answers)
    assert found.by_prompt == {"p": 0.5, "q": 1.0}
    assert found.score == 0.75
    assert found.pictures == 3


def test_categories_with_and_without_what_they_rest_on():
    found = one(YES | {"bike": False})
    assert found.by_category == {"attribute": 0.0, "entity": 0.0}
    assert found.by_category_alone == {"attribute": 1.0, "entity": 0.5}
    assert one({"a": True}, (Question("a"),)).by_category == {}


def test_an_unreadable_answer_counts_as_no_and_is_counted():
    found = one(YES | {"rider": None})
    assert (found.score, found.unparsed) == (0.5, 1)


@st.composite
def trees(draw):
    n = draw(st.integers(1, 8))
    graph = [
        Question(str(i), tuple(str(p) for p in draw(st.sets(st.integers(0, i - 1), max_size=2)))) if i else Question("0") for i in range(n)
    ]
    return graph, {question.key: draw(st.booleans()) for question in graph}


@given(tree=trees(), flip=st.integers(0, 7))
def test_another_yes_never_lowers_the_score_and_parents_never_raise_it(tree, flip):
    graph, answers = tree
    better = answers | {str(flip % len(graph)): True}
    assert one(better, graph).score >= one(answers, graph).score
    alone = [Question(question.key) for question in graph]
    assert one(answers, graph).score <= one(answers, alone).score == pytest.approx(sum(answers.values()) / len(answers))


def test_graphs_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="circle, ") as caught:
        one({"a": True, "b": True}, (Question("a", ("b",)), Question("b", ("a",))))
    assert caught.value.key == "p"
    with pytest.raises(ConfigError, match="circle, a -> a"):
        one({"a": True}, (Question("a", ("a",)),))
    with pytest.raises(UnknownNameError, match=r"question 'red' rests on 'bik', which is no question of it\. Did you mean 'bike'"):
        one({}, (Question("bike"), Question("red", ("bik",))))
    with pytest.raises(ConfigError, match="two questions have the key 'a'"):
        one({"a": True}, (Question("a"), Question("a")))
    with pytest.raises(NoRowsError, match="'p' has no questions"):
        one({}, ())


def test_answers_that_do_not_belong_are_refused():
    with pytest.raises(BadRowError, match="picture 0 of 'p': question 'red' has no answer"):
        one({"bike": True, "rider": True, "rider smiles": True})
    with pytest.raises(UnknownNameError, match=r"'ridr' is no question of this prompt\. Did you mean 'rider'"):
        one(YES | {"ridr": True})
    with pytest.raises(BadRowError, match="the answer to 'red' is 'yes'; give True, False or None"):
        one(YES | {"red": "yes"})
    with pytest.raises(UnknownNameError, match="picture 1: no graph for the prompt 'x'"):
        prompt_graph_scores({"p": BIKE}, [("p", YES), ("x", {})])
    with pytest.raises(NoRowsError, match="no answers"):
        prompt_graph_scores({"p": BIKE}, [])
