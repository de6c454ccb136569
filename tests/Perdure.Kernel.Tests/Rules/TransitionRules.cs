namespace Perdure.Kernel.Tests;

public class TransitionRules
{
    [Fact]
    public void A_start_that_is_repeated_changes_nothing_and_one_that_is_too_large_is_refused()
    {
        var scene = new Scene();
        var start = new Command.Start(scene.Now, scene.Instance.Id, "default", "key", null, Scene.P("{}"));
        Assert.Empty(scene.Give(start).Events);
        Assert.Equal(RefusalCode.PayloadTooLarge,
            Assert.IsType<Verdict.Refused>(Decider.Decide(Scene.Order, new() { PayloadBytes = 1 }, null, start)).Refusal.Code);
    }

    [Fact]
    public void A_declared_transition_begins_the_next_visit_with_an_empty_journal()
    {
        var scene = new Scene().Step("a").Succeed("a").Go("Locked");
        Assert.Equal(("Locked", 2, 0), (scene.Instance.State, scene.Instance.Visit, scene.Instance.Journal.Count));
        Assert.Equal(2, scene.Effect<Effect.RunBody>().Visit);
        Assert.Equal(Scene.Noon.AddMinutes(5), scene.Effect<Effect.SetTimer>().Due);
        Assert.Single(scene.Instance.Stack);
    }

    [Theory]
    [InlineData("COMPLETED")]
    [InlineData("REVOKED")] // Cancelling goes there, a body of this state may not.
    [InlineData("nowhere")]
    public void An_undeclared_transition_is_refused(string to) => Assert.Equal(RefusalCode.TransitionUndeclared, new Scene().Go(to).Refusal!.Code);

    [Fact]
    public void Commands_of_an_earlier_visit_change_nothing()
    {
        var scene = new Scene().Go("Locked");
        Assert.Empty(scene.Give(new Command.Transit(scene.Now, 1, "Locked", Payload.Null)).Events);
        Assert.Empty(scene.Give(new Command.Intend(scene.Now, 1, [new Intent.Note("n", Payload.Null)])).Events);
        Assert.Empty(scene.Give(new Command.FailBody(scene.Now, 1, new("x", "y"))).Events);
    }

    [Fact]
    public void A_transition_waits_for_what_runs_and_cancels_what_waits()
    {
        var scene = new Scene().Step("a").Step("b").Intend(new Intent.Signal("s", "paid", TimeSpan.FromHours(1))).Fail("b", transient: true).Go("Locked");
        Assert.Equal(("Received", "Locked"), (scene.Instance.State, scene.Instance.Exit!.To));
        Assert.Equal(1, scene.Effect<Effect.CancelAttempt>().Ordinal);
        Assert.Equal(2, scene.Effects.OfType<Effect.ClearTimer>().Count());
        scene.Succeed("a");
        Assert.Equal("Locked", scene.Instance.State);
        Assert.Equal([1], scene.Instance.Stack.Keys);
    }

    [Fact]
    public void A_settling_state_clears_the_stack()
    {
        var scene = new Scene().Step("a").Succeed("a").Go("Locked").Go("Charged");
        scene.Effect<Effect.SettleStack>();
        Assert.True(scene.Instance.Stack.IsEmpty);
    }

    [Fact]
    public void An_end_tells_the_parent_and_forgets_the_deadline()
    {
        var parent = new Parent(InstanceId.Create(Scene.Noon, 1, 1), 3);
        var scene = new Scene(parent: parent).Go("Locked").Go("REVOKED");
        Assert.Equal(new TimerId(TimerKind.Deadline, 2), scene.Effect<Effect.ClearTimer>().Timer);
        Assert.Equal(new Effect.NotifyParent(parent, $"end:{scene.Instance.Id}", "REVOKED", Scene.P("{}")), scene.Effect<Effect.NotifyParent>());
        Assert.Equal(Status.Ended, scene.Instance.Status);
    }

    [Fact]
    public void Each_visit_keeps_the_build_of_the_code_that_it_runs_under()
    {
        MapDefinition Built(string build) => new(Scene.Order.Workflow, 1, Scene.Order.States, Scene.Order.CancelsTo) { Build = build };
        var scene = new Scene(map: Built("one"));
        Assert.Equal("one", scene.Instance.Build);
        scene.Map = Built("two");
        Assert.Equal("two", scene.Recover(unclean: false).Instance.Build);
        scene.Map = Built("three");
        Assert.Equal("three", scene.Go("Locked").Instance.Build);
        Assert.Empty(scene.Recover(unclean: false).Events);
    }

    [Fact]
    public void A_loop_is_found_and_an_operator_may_grant_as_many_visits_again()
    {
        var scene = new Scene(new() { Visits = 2 }).Go("Locked").Go("Locked");
        Assert.Equal(("instance.loop", 2), (scene.Instance.Incident!.Failure.Code, scene.Instance.Visit));
        scene.Retry();
        Assert.Equal(4, scene.Instance.VisitsAllowed);
        Assert.Equal(2, scene.Effect<Effect.RunBody>().Visit);
        Assert.Equal(3, scene.Go("Locked").Instance.Visit);
    }

    [Fact]
    public void Cancelling_undoes_everything_and_ends_once()
    {
        var scene = new Scene().Step("a").Succeed("a").Cancel();
        Assert.Equal(Status.Compensating, scene.Instance.Status);
        Assert.Empty(scene.Cancel().Events);
        scene.Undone();
        Assert.Equal(("REVOKED", Payload.Null), (scene.Instance.State, scene.Instance.Data));
        Assert.Empty(scene.Cancel().Events);
        Assert.Equal(RefusalCode.InstanceEnded, new Scene().Go("REJECTED").Cancel().Refusal!.Code);
    }

    [Fact]
    public void Cancelling_needs_neither_a_resume_nor_a_retry_first()
    {
        var scene = new Scene().Step("a", atMostOnce: true).Fail("a", unknown: true);
        scene.Give(new Command.Pause(scene.Now, "bob")).Cancel();
        Assert.Equal(1, scene.Effect<Effect.StartUndo>().Ordinal);
        Assert.Equal(Status.Compensating, scene.Instance.Status);
    }

    [Fact]
    public void While_paused_what_runs_is_recorded_and_nothing_new_is_started()
    {
        var scene = new Scene().Step("a").Step("b").Give(new Command.Pause(Scene.Noon, "ann")).Fail("b", transient: true).Succeed("a");
        Assert.Equal(Status.Paused, scene.Instance.Status);
        Assert.Empty(scene.Effects);
        Assert.Empty(scene.Step("c").Events);
        Assert.Empty(scene.After(9).Fire(TimerKind.Retry, 3).Events);
        scene.Give(new Command.Resume(scene.Now, "ann"));
        Assert.Equal((3, 2), (scene.Effect<Effect.StartAttempt>().Ordinal, scene.Effect<Effect.StartAttempt>().Attempt));
        Assert.Equal(1, scene.Effect<Effect.RunBody>().Visit);
    }
}
