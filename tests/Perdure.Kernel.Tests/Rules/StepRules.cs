namespace Perdure.Kernel.Tests;

public class StepRules
{
    [Fact]
    public void A_step_stands_on_the_stack_from_its_intent_and_starts_under_its_token()
    {
        var scene = new Scene().Step("capture");
        var start = scene.Effect<Effect.StartAttempt>();
        Assert.Equal($"{scene.Instance.Id}.1.capture.1", start.Token);
        Assert.Equal(2, scene.Effect<Effect.KeepToken>().IntendedAt);
        Assert.Equal(new StackEntry(1, 1, "capture", 1, "op-capture", 2), scene.Instance.Stack[1]);
    }

    [Fact]
    public void What_the_journal_has_is_not_asked_for_again_and_a_name_is_for_one_thing()
    {
        var scene = new Scene().Step("a").Step("a");
        Assert.Empty(scene.Events);
        scene.Intend(new Intent.Step("b", "op-b", Payload.Null, false, false), new Intent.Sleep("a", TimeSpan.Zero));
        Assert.Equal(RefusalCode.NameTaken, scene.Refusal!.Code);
        Assert.False(scene.Instance.Journal.ContainsKey("b"));
    }

    [Fact]
    public void While_the_outcome_is_unknown_the_token_stays_the_same()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true, unknown: true);
        Assert.Empty(scene.Effects.OfType<Effect.KeepToken>());
        scene.After(1).Fire(TimerKind.Retry, 1);
        var start = scene.Effect<Effect.StartAttempt>();
        Assert.Equal((1, 2, $"{scene.Instance.Id}.1.a.1"), (start.Ordinal, start.Attempt, start.Token));
    }

    [Fact]
    public void After_a_definite_failure_the_next_attempt_has_the_next_generation_of_the_token()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true);
        Assert.Equal((2, 2, 2L), (scene.Effect<Effect.KeepToken>().Ordinal, scene.Effect<Effect.KeepToken>().Generation, scene.Effect<Effect.KeepToken>().IntendedAt));
        Assert.Equal(1, scene.Effect<Effect.LeaveStack>().Ordinal);
        Assert.Equal([2], scene.Instance.Stack.Keys);
        scene.After(1).Fire(TimerKind.Retry, 2);
        Assert.Equal($"{scene.Instance.Id}.1.a.2", scene.Effect<Effect.StartAttempt>().Token);
    }

    [Fact]
    public void A_later_attempt_that_definitely_failed_says_nothing_of_an_earlier_one_that_may_have_happened()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true, unknown: true).After(1).Fire(TimerKind.Retry, 1).Fail("a", transient: true);
        Assert.Empty(scene.Effects.OfType<Effect.KeepToken>());
        Assert.Equal([1], scene.Instance.Stack.Keys);
        scene.After(2).Fire(TimerKind.Retry, 1);
        Assert.Equal((3, $"{scene.Instance.Id}.1.a.1"), (scene.Effect<Effect.StartAttempt>().Attempt, scene.Effect<Effect.StartAttempt>().Token));
    }

    [Fact]
    public void The_answer_that_the_downstream_keeps_for_a_token_is_also_of_an_attempt_that_may_have_happened()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true, unknown: true).After(1).Fire(TimerKind.Retry, 1).Fail("a", transient: true, conclusive: true);
        Assert.Equal((2, 2), (scene.Effect<Effect.KeepToken>().Ordinal, scene.Effect<Effect.KeepToken>().Generation));
        Assert.Equal(1, scene.Effect<Effect.LeaveStack>().Ordinal);
        scene.After(2).Fire(TimerKind.Retry, 2);
        Assert.Equal((3, $"{scene.Instance.Id}.1.a.2"), (scene.Effect<Effect.StartAttempt>().Attempt, scene.Effect<Effect.StartAttempt>().Token));

        scene = new Scene().Step("a").Fail("a", transient: true, unknown: true).After(1).Fire(TimerKind.Retry, 1).Fail("a", conclusive: true);
        Assert.Equal(1, scene.Effect<Effect.LeaveStack>().Ordinal);
        Assert.True(scene.Instance.Stack.IsEmpty);
        Assert.False(scene.Entry("a").EverUnknown);
    }

    [Fact]
    public void What_was_given_up_and_answered_for_its_token_for_ever_has_nothing_to_undo()
    {
        Scene GivenUp() => new Scene().Step("a").Fail("a", transient: true, unknown: true).After(1).Fire(TimerKind.Retry, 1).Give(new Command.Abandon(new Scene().Now, 1, ["a"]));
        Assert.Equal([1], GivenUp().Fail("a", transient: true).Instance.Stack.Keys);
        var scene = GivenUp().Fail("a", transient: true, conclusive: true);
        Assert.Equal(1, scene.Effect<Effect.LeaveStack>().Ordinal);
        Assert.True(scene.Instance.Stack.IsEmpty);
    }

    [Fact]
    public void At_most_once_goes_on_by_itself_where_the_downstream_says_that_nothing_ever_happened()
    {
        Scene Consented() => new Scene().Step("a", atMostOnce: true).Fail("a", transient: true, unknown: true).Retry();
        Assert.Equal(EntryStatus.Parked, Consented().Fail("a", transient: true).Entry("a").Status);
        var scene = Consented().Fail("a", transient: true, conclusive: true);
        Assert.Equal((EntryStatus.Retrying, 2, false), (scene.Entry("a").Status, scene.Entry("a").Generation, scene.Entry("a").EverUnknown));
    }

    [Fact]
    public void An_unknown_outcome_concludes_nothing()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true, unknown: true, conclusive: true);
        Assert.Empty(scene.Effects.OfType<Effect.KeepToken>());
        Assert.True(scene.Entry("a").EverUnknown);
    }

    [Fact]
    public void An_operator_has_a_step_tried_again_under_the_token_that_may_have_happened()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true, unknown: true);
        for (var i = 0; i < 2; i++) scene.After(10).Fire(TimerKind.Retry, 1).Fail("a", transient: true);
        Assert.Equal(EntryStatus.Failed, scene.Entry("a").Status);
        scene.Give(new Command.FailBody(scene.Now, 1, new("gone", "The body gave up."))).Retry();
        Assert.Equal($"{scene.Instance.Id}.1.a.1", scene.Effect<Effect.StartAttempt>().Token);
    }

    [Fact]
    public void A_failure_for_good_is_the_answer_to_its_token_which_an_operator_does_not_use_again()
    {
        var scene = new Scene().Step("a").Fail("a", transient: true, unknown: true).After(1).Fire(TimerKind.Retry, 1).Fail("a");
        scene.Give(new Command.FailBody(scene.Now, 1, new("gone", "The body gave up."))).Retry().Step("a");
        Assert.Equal($"{scene.Instance.Id}.1.a.2", scene.Effect<Effect.StartAttempt>().Token);
        Assert.Equal([1, 2], scene.Instance.Stack.Keys);
    }

    [Theory]
    [InlineData(1, 0, 1_000)]
    [InlineData(2, 0, 2_000)]
    [InlineData(3, 0.5, 5_000)]
    [InlineData(12, 1, 300_000)]
    [InlineData(int.MaxValue - 1, 1, 300_000)]
    public void The_wait_doubles_gains_jitter_and_is_capped(int attempt, double jitter, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Backoff.Wait(Scene.Thrice, jitter, attempt));

    [Fact]
    public void Extreme_policies_neither_overflow_nor_fire_early()
    {
        var wild = new Retry(TimeSpan.MaxValue, TimeSpan.MaxValue, TimeSpan.MaxValue, int.MaxValue, TimeSpan.MaxValue);
        Assert.Equal(9999, Backoff.Next(wild, double.NaN, 70, Scene.Noon, Scene.Noon)!.Value.Year);
        var odd = new Retry(TimeSpan.FromTicks(1), TimeSpan.MaxValue, TimeSpan.Zero, 2, TimeSpan.MaxValue);
        Assert.Equal(Scene.Noon.AddMilliseconds(1), Backoff.Next(odd, 0, 1, Scene.Noon, Scene.Noon));
    }

    [Fact]
    public void Attempts_and_total_time_are_limited()
    {
        var scene = new Scene().Step("a");
        for (var attempt = 1; attempt < 3; attempt++)
            scene.Fail("a", transient: true, unknown: true).After(10).Fire(TimerKind.Retry, 1);
        Assert.Equal(3, scene.Entry("a").Attempt);
        scene.Fail("a", transient: true);
        Assert.IsType<StepFailed>(Assert.Single(scene.Events));

        scene.Step("b").After(3600).Fail("b", transient: true);
        Assert.Equal(EntryStatus.Failed, scene.Entry("b").Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_ends_with_its_node_does_not_use_up_the_attempts(bool unclean)
    {
        var scene = new Scene().Step("a");
        for (var i = 0; i < 4; i++) scene.Recover(unclean);
        Assert.Equal(5, scene.Entry("a").Attempt);
        for (var i = 0; i < 2; i++)
        {
            scene.Fail("a", transient: true, unknown: true);
            Assert.Equal(scene.Now.AddSeconds(1 << i), scene.Entry("a").Due);
            scene.After(10).Fire(TimerKind.Retry, 1);
        }
        scene.Recover(unclean).Fail("a", transient: true);
        Assert.Equal(EntryStatus.Failed, scene.Entry("a").Status);
    }

    [Fact]
    public void A_step_that_failed_for_good_and_was_never_unknown_leaves_the_stack()
    {
        var scene = new Scene().Step("a").Fail("a");
        Assert.Equal(1, scene.Effect<Effect.LeaveStack>().Ordinal);
        Assert.True(scene.Instance.Stack.IsEmpty);
        Assert.Single(new Scene().Step("a").Fail("a", unknown: true).Instance.Stack);
    }

    [Fact]
    public void The_end_of_another_attempt_changes_nothing()
    {
        var scene = new Scene().Step("a");
        Assert.Empty(scene.Give(new Command.EndAttempt(scene.Now, 1, 2, new Outcome.Success(Payload.Null), Scene.Thrice, 0)).Events);
        Assert.Empty(scene.Give(new Command.EndAttempt(scene.Now, 9, 1, new Outcome.Success(Payload.Null), Scene.Thrice, 0)).Events);
    }

    [Fact]
    public void At_most_once_parks_when_unknown_and_starts_again_only_by_an_operator_under_the_same_token()
    {
        var scene = new Scene().Step("a", atMostOnce: true).Fail("a", transient: true, unknown: true);
        Assert.Equal(EntryStatus.Parked, scene.Entry("a").Status);
        Assert.Equal("step.outcome-unknown", scene.Effect<Effect.RaisePage>().Page.Code);
        scene.Retry();
        Assert.Equal((2, $"{scene.Instance.Id}.1.a.1"), (scene.Effect<Effect.StartAttempt>().Attempt, scene.Effect<Effect.StartAttempt>().Token));
    }

    [Fact]
    public void Each_parked_step_needs_its_own_consent()
    {
        var scene = new Scene().Step("a", atMostOnce: true).Step("b", atMostOnce: true).Recover();
        Assert.Equal(1, scene.Instance.Incident!.Ordinal);
        scene.Retry();
        Assert.Equal(2, scene.Instance.Incident!.Ordinal);
        Assert.Empty(scene.Effects.OfType<Effect.StartAttempt>());
        Assert.Equal(2, scene.Retry().Effects.OfType<Effect.StartAttempt>().Count());
    }

    [Fact]
    public void A_result_that_is_too_large_is_an_incident_and_not_run_again_silently()
    {
        var scene = new Scene(new() { PayloadBytes = 10 }).Step("a").Succeed("a", "\"0123456789\"");
        Assert.Equal("payload.too-large", scene.Instance.Incident!.Failure.Code);
        Assert.Single(scene.Instance.Stack);
    }

    [Fact]
    public void Outcomes_keep_the_order_in_which_they_were_journaled()
    {
        var scene = new Scene().Step("a").Step("b").Succeed("b").Succeed("a");
        Assert.Equal((2, 1), (scene.Entry("a").DoneAs, scene.Entry("b").DoneAs));
    }

    [Fact]
    public void A_loser_of_a_race_is_stopped_not_tried_again_and_stays_on_the_stack_if_it_may_have_happened()
    {
        var scene = new Scene().Step("a").Step("b").Intend(new Intent.Sleep("s", TimeSpan.FromHours(1)));
        scene.Give(new Command.Abandon(scene.Now, 1, ["a", "b", "s", "unheard-of"]));
        Assert.Equal(2, scene.Effects.OfType<Effect.CancelAttempt>().Count());
        Assert.Equal(new TimerId(TimerKind.Sleep, 3), scene.Effect<Effect.ClearTimer>().Timer);
        scene.Fail("a", transient: true, unknown: true).Fail("b", transient: true);
        Assert.Equal((EntryStatus.Cancelled, EntryStatus.Cancelled), (scene.Entry("a").Status, scene.Entry("b").Status));
        Assert.Equal([1], scene.Instance.Stack.Keys);
    }

    [Fact]
    public void A_full_journal_is_an_incident()
    {
        var scene = new Scene(new() { JournalEntries = 2 }).Step("a").Step("b").Step("c");
        Assert.Equal("visit.journal-full", scene.Instance.Incident!.Failure.Code);
        Assert.Equal(2, scene.Instance.Journal.Count);
    }
}
