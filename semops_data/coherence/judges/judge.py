"""`LanguageJudge`: a language model behind an endpoint, asked about pairs of texts one by one.

It never raises for what a service does: no answer, nonsense, or no budget is "cannot tell", with the reason.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from semops_data.coherence.judges.ledger import Budget, BudgetError, Ledger
from semops_data.coherence.judges.prompt import RESPONSE_FORMAT, VERSION, Prompt, prompt
from semops_data.coherence.judges.verdict import GIVEN, Judgement, Verdict, read_answer, unasked
from semops_data.endpoint import Endpoint, EndpointError, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semops_data.settings import JudgeEndpoint, Settings

ANSWER_TOKENS = 800
# An answer that cannot be believed is asked for once more.
ASKED = 2
# Pairs in a row without an answer, or refused for what they are, after which the judge is left alone.
UNANSWERED, REFUSED = 2, 5
# The request is not to the endpoint's liking: an option that it does not know, or a text that it will not read.
DISLIKED = (400, 413, 422)


class JudgeConfigurationError(ValueError):
    """A judge cannot be used as it is configured."""


@dataclass
class LanguageJudge:
    """A judge.

    Attributes:
        endpoint: where it is asked.
        model: its name there.
        ledger: its verdicts and what it has spent.
        budget: of all judges together.
        prices: money for a million tokens in and out; None where unknown.
    """

    endpoint: Endpoint
    model: str
    ledger: Ledger
    budget: Budget
    prices: tuple[float, float] | None = None
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _given_up: str | None = field(default=None, repr=False)
    _failures: int = field(default=0, repr=False)
    _options: dict[str, Any] = field(
        default_factory=lambda: {"temperature": 0, "max_tokens": ANSWER_TOKENS, "response_format": RESPONSE_FORMAT},
        repr=False,
    )

    @property
    def name(self) -> str:
        """Model and place."""
        return f"{self.model}@{self.endpoint.host}"

    @property
    def judge_id(self) -> str:
        """Model, place and version of the prompt: what a verdict belongs to."""
        return f"{self.name}+{VERSION}"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """A judgement of each (first, second); pairs that were ever judged cost nothing."""
        return [self._judgement(first, second) for first, second in pairs]

    def _judgement(self, first: str, second: str) -> Judgement:
        held = self.ledger.find(first, second, self.judge_id)
        if held is not None:
            return held
        if self._given_up is not None:
            return Judgement(unasked(self._given_up))
        costs = _Costs(self.prices)
        try:
            verdict = self._verdict(first, second, costs)
        except BudgetError as error:
            self._given_up = str(error)
            return costs.judgement(unasked(str(error)))
        except EndpointError as error:
            return costs.judgement(self._failed(error))
        self._failures = 0
        return self.ledger.keep(first, second, self.judge_id, costs.judgement(verdict))

    def _failed(self, error: EndpointError) -> Verdict:
        """What a pair gets that was not answered; after some of them nobody asks any more."""
        self._failures += 1
        is_disliked = error.status in DISLIKED
        most = REFUSED if is_disliked else UNANSWERED
        if self._failures >= most or not (error.is_passing or is_disliked):
            self._given_up = f"{error}; the judge was not asked again"
        return unasked(str(error))

    def _verdict(self, first: str, second: str, costs: _Costs) -> Verdict:
        """The first answer that can be believed, or the last that cannot."""
        for _ in range(ASKED):
            asked = prompt(first, second)
            said = patiently(lambda asked=asked: self._adapted(asked, costs), sleep=self.sleep)  # type: ignore[misc]
            verdict = read_answer(said, asked)
            if verdict.status == GIVEN:
                break
        return verdict

    def _adapted(self, asked: Prompt, costs: _Costs) -> Any:
        """One answer, with fewer options where the endpoint does not know one of them."""
        while True:
            try:
                return self._request(asked, costs)
            except EndpointError as error:
                if error.status not in DISLIKED or not self._give_way(str(error)):
                    raise

    def _give_way(self, told: str) -> bool:
        """Leave out the option that an endpoint refused; whether there was one."""
        options, told = self._options, told.casefold()
        if "max_tokens" in told and "max_tokens" in options:
            options["max_completion_tokens"] = options.pop("max_tokens")
        elif "temperature" in told and "temperature" in options:
            del options["temperature"]
        elif "response_format" in options:
            del options["response_format"]
        else:
            return False
        return True

    def _request(self, asked: Prompt, costs: _Costs) -> Any:
        most_in, most = asked.most_tokens, asked.most_tokens + ANSWER_TOKENS
        number = self.ledger.reserve(self.judge_id, most, costs.price(most_in, ANSWER_TOKENS), self.budget)
        started = time.monotonic()
        try:
            body = {"model": self.model, "messages": list(asked.messages)} | self._options
            said = self.endpoint.ask("/chat/completions", body)
        except EndpointError as error:
            # What may have been done may be charged; what was refused is not.
            used = (most_in, ANSWER_TOKENS) if error.may_have_worked else (0, 0)
            self.ledger.settle(number, sum(used), costs.add(*used, time.monotonic() - started))
            raise
        used = _usage(said, most_in)
        self.ledger.settle(number, sum(used), costs.add(*used, time.monotonic() - started))
        return said


@dataclass
class _Costs:
    """What the requests for one verdict cost."""

    prices: tuple[float, float] | None
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0

    def price(self, tokens_in: int, tokens_out: int) -> float | None:
        return (tokens_in * self.prices[0] + tokens_out * self.prices[1]) / 1e6 if self.prices else None

    def add(self, tokens_in: int, tokens_out: int, seconds: float) -> float | None:
        self.seconds, self.requests = self.seconds + seconds, self.requests + 1
        self.input_tokens, self.output_tokens = self.input_tokens + tokens_in, self.output_tokens + tokens_out
        return self.price(tokens_in, tokens_out)

    def judgement(self, verdict: Verdict) -> Judgement:
        money = self.price(self.input_tokens, self.output_tokens)
        return Judgement(verdict, self.seconds, self.input_tokens, self.output_tokens, money, self.requests)


def _usage(said: Any, most_in: int) -> tuple[int, int]:
    """Tokens in and out as the endpoint counts them; the most there can be where it does not."""
    try:
        used = int(said["usage"]["prompt_tokens"]), int(said["usage"]["completion_tokens"])
    except (KeyError, TypeError, ValueError):
        return most_in, ANSWER_TOKENS
    return max(used[0], 0), max(used[1], 0)


def open_judges(settings: Settings) -> list[LanguageJudge]:
    """The judges that the settings name; none by default.

    Raises:
        JudgeConfigurationError: where money is limited and a judge has no prices, or two judges are the same.
    """
    ledger = Ledger(settings.home / "coherence" / "judges.db")
    budget = Budget(settings.judge_budget_tokens, settings.judge_budget_money)
    judges = [_open(one, settings, ledger, budget) for one in settings.judges]
    names = [judge.name for judge in judges]
    if twice := {name for name in names if names.count(name) > 1}:
        raise JudgeConfigurationError(f"SEMOPS_JUDGES names {', '.join(sorted(twice))} twice: one judge has one vote")
    if budget.money is not None and (free := [judge.name for judge in judges if judge.prices is None]):
        raise JudgeConfigurationError(
            f"SEMOPS_JUDGE_BUDGET_MONEY is set and {', '.join(free)} has no prices: give it input_price and "
            "output_price (for a million tokens) in SEMOPS_JUDGES; 0 where it is free"
        )
    return judges


def _open(one: JudgeEndpoint, settings: Settings, ledger: Ledger, budget: Budget) -> LanguageJudge:
    key = one.api_key or settings.judge_api_key
    endpoint = Endpoint(
        one.url, key.get_secret_value() if key else None, settings.judge_timeout_seconds, "SEMOPS_JUDGES"
    )
    prices = None if one.input_price is None or one.output_price is None else (one.input_price, one.output_price)
    return LanguageJudge(endpoint, one.model, ledger, budget, prices)
