namespace Perdure.Kernel.Tests;

/// <summary>Compensation, incidents, recovery.</summary>
public class SagaRules
{
    private static Scene Compensating() => new Scene().Step("a").Succeed("a").Step("b").Succeed("b").Go("Locked").Step("c").Fail("c", unknown: true).Go("REVOKED");

    [Fact]
    public void What_was_or_may_have_been_done_is_undone_in_reverse_one_at_a_time()
    {
        var scene = Compensating();
        Assert.Equal((3, $"{scene.Instance.Id}.2.c.1"), (scene.Effect<Effect.StartUndo>().Ordinal, scene.Effect<Effect.StartUndo>().Token));
        Assert.Equal(("Locked", Status.Compensating), (scene.Instance.State, scene.Instance.Status));
        Assert.Equal(2, scene.Undone().Effect<Effect.StartUndo>().Ordinal);
        Assert.Equal(1, scene.Undone().Effect<Effect.StartUndo>().Ordinal);
        Assert.Equal("REVOKED", scene.Undone().Instance.State);
    }

    [Fact]
    public void An_undo_is_tried_again_and_one_that_keeps_failing_is_an_incident_that_a_retry_continues()
    {
        var scene = Compensating();
        for (var attempt = 1; attempt < 3; attempt++) scene.Undone(attempt, new("busy", "no", Transient: true)).After(4).Fire(TimerKind.Undo, 3);
        scene.Undone(3, new("busy", "no", Transient: true));
        Assert.Equal(("undo.failed", 3), (scene.Instance.Incident!.Failure.Code, scene.Instance.Incident.Ordinal));
        scene.Effect<Effect.RaisePage>();
        Assert.Equal(4, scene.Retry().Effect<Effect.StartUndo>().Attempt);
        Assert.IsType<UndoRetryScheduled>(Assert.Single(scene.Undone(4, new("busy", "no", Transient: true)).Events));
    }

    [Fact]
    public void An_undo_that_ends_with_its_node_does_not_use_up_its_attempts()
    {
        var scene = Compensating();
        for (var i = 0; i < 4; i++) scene.Recover();
        for (var attempt = 5; attempt < 7; attempt++) Assert.Null(scene.Undone(attempt, new("busy", "no", Transient: true)).After(10).Fire(TimerKind.Undo, 3).Instance.Incident);
        Assert.Equal("undo.failed", scene.Undone(7, new("busy", "no", Transient: true)).Instance.Incident!.Failure.Code);
    }

    [Fact]
    public void After_a_crash_in_the_middle_the_undo_starts_again()
    {
        var scene = Compensating().Undone().Recover();
        Assert.Equal((2, 2), (scene.Effect<Effect.StartUndo>().Ordinal, scene.Effect<Effect.StartUndo>().Attempt));
        Assert.Empty(scene.Undone(attempt: 1).Events);
        Assert.Equal(1, scene.Undone(attempt: 2).Effect<Effect.StartUndo>().Ordinal);
    }

    [Fact]
    public void After_a_crash_every_running_attempt_may_have_happened_and_starts_again_under_its_token()
    {
        var scene = new Scene().Step("a").Recover();
        Assert.Equal((2, $"{scene.Instance.Id}.1.a.1"), (scene.Effect<Effect.StartAttempt>().Attempt, scene.Effect<Effect.StartAttempt>().Token));
        scene.Effect<Effect.RunBody>();
        Assert.True(scene.Entry("a").EverUnknown);
        Assert.Single(scene.Fail("a").Instance.Stack);
    }

    [Fact]
    public void After_a_crash_an_at_most_once_step_is_never_started_by_itself()
    {
        var scene = new Scene().Step("a", atMostOnce: true).Recover();
        Assert.Empty(scene.Effects.OfType<Effect.StartAttempt>());
        Assert.Equal("step.outcome-unknown", scene.Instance.Incident!.Failure.Code);
    }

    [Fact]
    public void Who_only_waits_is_taken_up_without_a_record()
    {
        var scene = new Scene().Intend(new Intent.Sleep("nap", TimeSpan.FromHours(1))).Recover();
        Assert.Empty(scene.Events);
        Assert.Equal(Decider.Pending(Scene.Order, scene.Instance).AsEnumerable(), scene.Effects);
        Assert.Equal(2, scene.Effects.Length);
    }

    [Fact]
    public void Who_dies_again_and_again_without_progress_is_put_aside_until_an_operator_acts()
    {
        var scene = new Scene().Step("a");
        for (var i = 0; i < 5; i++) Assert.Null(scene.Recover().Instance.Incident);
        Assert.Equal("instance.quarantined", scene.Recover().Instance.Incident!.Failure.Code);
        Assert.Empty(scene.Effects.OfType<Effect.StartAttempt>());
        Assert.Equal(7, scene.Retry().Effect<Effect.StartAttempt>().Attempt);
        Assert.Equal(0, scene.Instance.Recoveries);
    }

    [Fact]
    public void Progress_between_deaths_begins_the_count_anew()
    {
        var step = new Scene().Step("a").Step("b").Recover().Recover();
        Assert.Equal(2, step.Instance.Recoveries);
        Assert.Equal(0, step.Succeed("a").Instance.Recoveries);
        Assert.Equal(0, step.Recover().Fail("b", transient: true).Instance.Recoveries);

        var undo = Compensating().Recover();
        Assert.Equal(1, undo.Instance.Recoveries);
        Assert.Equal(0, undo.Undone(attempt: 2).Instance.Recoveries);
        Assert.Equal(0, undo.Recover().Undone(attempt: 2, new("busy", "no", Transient: true)).Instance.Recoveries);
    }

    [Fact]
    public void An_operators_retry_gives_a_step_its_whole_policy_again()
    {
        var scene = new Scene(new() { PayloadBytes = 4 }).Step("a").Succeed("a", "\"longer\"").After(7_000).Retry();
        for (var attempt = 1; attempt < 3; attempt++)
        {
            scene.Fail("a", transient: true);
            Assert.Equal(EntryStatus.Retrying, scene.Entry("a").Status);
            scene.After(10).Fire(TimerKind.Retry, scene.Entry("a").Ordinal);
        }
        Assert.Equal(EntryStatus.Failed, scene.Fail("a", transient: true).Entry("a").Status);
    }

    [Fact]
    public void Each_start_after_an_unknown_outcome_of_at_most_once_needs_a_consent_of_its_own()
    {
        var scene = new Scene().Step("a", atMostOnce: true).Fail("a", unknown: true).Retry();
        Assert.Equal(2, scene.Effect<Effect.StartAttempt>().Attempt);
        scene.Fail("a", transient: true);
        Assert.Equal((EntryStatus.Parked, "step.outcome-unknown"), (scene.Entry("a").Status, scene.Instance.Incident!.Failure.Code));
    }

    [Fact]
    public void A_body_that_dies_without_having_asked_for_anything_counts_too()
    {
        var scene = new Scene();
        for (var i = 0; i < 6; i++) scene.Recover();
        Assert.Equal("instance.quarantined", scene.Instance.Incident!.Failure.Code);
        scene = new();
        for (var i = 0; i < 9; i++) scene.Recover(unclean: false);
        Assert.Null(scene.Instance.Incident);
    }

    [Fact]
    public void A_body_that_fails_is_an_incident_with_a_page_and_a_retry_discards_failures_never_successes()
    {
        var scene = new Scene().Step("a").Succeed("a").Step("b").Fail("b");
        scene.Give(new Command.FailBody(scene.Now, 1, new("body.failed", "boom")));
        Assert.Equal($"{scene.Instance.Id}/incident/1", scene.Effect<Effect.RaisePage>().Page.Key);
        Assert.Equal(Status.Incident, scene.Instance.Status);
        scene.Retry();
        Assert.Equal(["a"], scene.Instance.Journal.Keys);
        scene.Effect<Effect.RunBody>();
        Assert.Equal($"{scene.Instance.Id}.1.b.2", scene.Step("b").Effect<Effect.StartAttempt>().Token);
        Assert.Empty(scene.Give(new Command.Retry(scene.Now, "ann", 1)).Events);
        Assert.Null(scene.Refusal);
        Assert.Equal(RefusalCode.IncidentNone, scene.Give(new Command.Retry(scene.Now, "ann", 2)).Refusal!.Code);
    }

    [Fact]
    public void A_failure_of_unknown_outcome_is_tried_again_under_the_same_token()
    {
        var scene = new Scene().Step("b").Fail("b", unknown: true);
        scene.Give(new Command.FailBody(scene.Now, 1, new("body.failed", "boom"))).Retry();
        Assert.Equal((1, 2, $"{scene.Instance.Id}.1.b.1"),
            (scene.Effect<Effect.StartAttempt>().Ordinal, scene.Effect<Effect.StartAttempt>().Attempt, scene.Effect<Effect.StartAttempt>().Token));
    }

    private static Scene Broken(Scene scene, string code = "replay.diverged") => scene.Give(new Command.FailBody(scene.Now, 1, new(code, "x")));

    [Fact]
    public void A_visit_that_is_begun_anew_awaits_what_runs_and_undoes_what_it_did_and_uses_the_next_generation()
    {
        var scene = Broken(new Scene().Step("a").Succeed("a").Step("b")).Retry(RetryMode.RestartVisit);
        Assert.Equal(2, scene.Effect<Effect.CancelAttempt>().Ordinal);
        Assert.Equal(Status.Compensating, scene.Instance.Status);
        Assert.Equal(2, scene.Fail("b", transient: true, unknown: true).Effect<Effect.StartUndo>().Ordinal);
        Assert.Equal(1, scene.Undone().Effect<Effect.StartUndo>().Ordinal);
        Assert.Equal(1, scene.Undone().Effect<Effect.RunBody>().Visit);
        Assert.Equal((1, "Received", true, true), (scene.Instance.Visit, scene.Instance.State, scene.Instance.Journal.IsEmpty, scene.Instance.Stack.IsEmpty));
        Assert.Equal($"{scene.Instance.Id}.1.a.2", scene.Step("a").Effect<Effect.StartAttempt>().Token);
    }

    [Fact]
    public void What_earlier_visits_did_stands_when_one_is_begun_anew()
    {
        var scene = new Scene().Step("a").Succeed("a").Go("Locked").Step("b").Succeed("b");
        scene.Give(new Command.FailBody(scene.Now, 2, new("replay.diverged", "x"))).Retry(RetryMode.RestartVisit);
        Assert.Equal(2, scene.Effect<Effect.StartUndo>().Ordinal);
        Assert.Equal(2, scene.Undone().Effect<Effect.RunBody>().Visit);
        Assert.Equal([1], scene.Instance.Stack.Keys);
    }

    [Fact]
    public void A_visit_in_which_something_stands_for_good_is_not_begun_anew()
    {
        Scene Asked(Func<Scene, Scene> happens) => Broken(happens(new Scene().Intend(new Intent.Step("mail", "op-mail", Payload.Null, CanUndo: false, AtMostOnce: false))));
        foreach (var happens in new Func<Scene, Scene>[] { s => s, s => s.Succeed("mail"), s => s.Fail("mail", transient: true, unknown: true), s => s.Fail("mail", unknown: true) })
        {
            var scene = Asked(happens);
            Assert.Equal(RefusalCode.VisitStands, scene.Retry(RetryMode.RestartVisit).Refusal!.Code);
            Assert.Contains("'mail'", scene.Refusal!.Message, StringComparison.Ordinal);
            Assert.NotNull(scene.Instance.Incident);
            // What has no effect may be done again.
            Assert.IsType<RestartBegan>(scene.Give(new Command.Retry(scene.Now, "ann", 1, RetryMode.RestartVisit) { Queries = ["mail"] }).Events[0]);
        }
        Assert.Null(Asked(s => s.Fail("mail")).Retry(RetryMode.RestartVisit).Refusal);
    }

    [Fact]
    public void A_visit_whose_child_has_ended_is_not_begun_anew_and_one_that_has_not_is_cancelled_first()
    {
        var scene = Broken(new Scene().Intend(new Intent.Child("c", "child", "k", Payload.Null))).Retry(RetryMode.RestartVisit);
        Assert.Equal(1, scene.Effect<Effect.CancelChild>().Ordinal);
        Assert.Single(scene.Give(new Command.EndChild(scene.Now, 1, "end:c", "CANCELLED", Payload.Null)).Effects.OfType<Effect.RunBody>());

        scene = Broken(new Scene().Intend(new Intent.Child("c", "child", "k", Payload.Null)).Give(new Command.EndChild(Scene.Noon, 1, "end:c", "DONE", Payload.Null)));
        Assert.Equal(RefusalCode.VisitStands, scene.Retry(RetryMode.RestartVisit).Refusal!.Code);
    }

    [Fact]
    public void Messages_that_a_visit_consumed_are_there_when_it_begins_anew_in_their_order_unless_one_of_them_is_why()
    {
        Scene Sent(string code)
        {
            var scene = new Scene().Intend(new Intent.Signal("first", "paid", null), new Intent.Signal("second", "paid", null));
            foreach (var id in new[] { "m1", "m2", "m3" }) scene.Give(new Command.Send(scene.Now, "paid", id, Payload.Null));
            return Broken(scene, code).Retry(RetryMode.RestartVisit);
        }
        Assert.Equal(["m1", "m2", "m3"], Sent("replay.diverged").Instance.Signals.Select(s => s.MessageId));
        Assert.Equal(["m3"], Sent("payload.unreadable").Instance.Signals.Select(s => s.MessageId));
        Assert.IsType<SignalConsumed>(Sent("replay.diverged").Intend(new Intent.Signal("first", "paid", null)).Events[^1]);
    }

    [Fact]
    public void A_restart_goes_on_after_a_crash_and_an_undo_that_keeps_failing_and_gives_way_to_a_cancellation()
    {
        var scene = Broken(new Scene().Step("a").Succeed("a")).Retry(RetryMode.RestartVisit).Recover();
        Assert.Equal(2, scene.Effect<Effect.StartUndo>().Attempt);
        scene.Undone(2, new("no", "never"));
        Assert.Equal("undo.failed", scene.Instance.Incident!.Failure.Code);
        Assert.Equal(3, scene.Retry().Effect<Effect.StartUndo>().Attempt);
        Assert.Equal("REVOKED", scene.Cancel().Undone(3).Instance.State);
    }

    [Fact]
    public void A_paused_instance_begins_its_visit_anew_when_it_is_resumed()
    {
        var scene = Broken(new Scene().Step("a").Succeed("a")).Give(new Command.Pause(Scene.Noon, "ann")).Retry(RetryMode.RestartVisit);
        Assert.Empty(scene.Effects.OfType<Effect.StartUndo>());
        Assert.Equal(1, scene.Give(new Command.Resume(scene.Now, "ann")).Effect<Effect.StartUndo>().Ordinal);
    }

    [Fact]
    public void A_restart_that_was_recorded_before_it_undid_anything_reads_as_it_was()
    {
        var scene = Broken(new Scene().Step("a").Succeed("a"));
        var after = Decider.Evolve(scene.Instance, new IncidentResolved(1, "ann", RetryMode.RestartVisit), scene.Instance.Version + 1, scene.Now);
        Assert.Equal((true, 1, null), (after.Journal.IsEmpty, after.Stack.Count, after.Exit));
    }

    [Fact]
    public void A_divergence_can_be_accepted()
    {
        var scene = new Scene().Step("a").Succeed("a").Give(new Command.FailBody(Scene.Noon, 1, new("replay.diverged", "x"))).Retry(RetryMode.Accept);
        Assert.True(scene.Instance.Accepted);
        Assert.Equal(["a"], scene.Instance.Journal.Keys);
        Assert.False(scene.Go("Locked").Instance.Accepted);
    }

    [Fact]
    public void What_was_accepted_of_a_visit_is_not_accepted_of_the_one_that_begins_anew()
    {
        var scene = Broken(Broken(new Scene()).Retry(RetryMode.Accept));
        Assert.True(scene.Instance.Accepted);
        Assert.False(scene.Retry(RetryMode.RestartVisit).Instance.Accepted);
    }
}
