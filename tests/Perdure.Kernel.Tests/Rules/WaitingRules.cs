namespace Perdure.Kernel.Tests;

/// <summary>Timers, signals, gates, deadlines, children.</summary>
public class WaitingRules
{
    [Fact]
    public void A_sleep_ends_at_its_moment_and_not_before()
    {
        var scene = new Scene().Intend(new Intent.Sleep("nap", TimeSpan.FromSeconds(10)));
        Assert.Equal(Status.Waiting, scene.Instance.Status);
        Assert.Empty(scene.After(9.999).Fire(TimerKind.Sleep, 1).Events);
        Assert.Equal(new SleepEnded(1), Assert.Single(scene.After(0.001).Fire(TimerKind.Sleep, 1).Events));
        Assert.Equal(new TimerId(TimerKind.Sleep, 1), scene.Effect<Effect.ClearTimer>().Timer);
        Assert.Empty(scene.Fire(TimerKind.Sleep, 1).Events);
    }

    [Fact]
    public void A_signal_that_comes_early_waits_and_counts_once()
    {
        var scene = new Scene().Send("paid", "m1").Send("paid", "m1");
        Assert.Empty(scene.Events);
        scene.Send("paid", "m2").Go("Locked").Intend(new Intent.Signal("s", "paid", TimeSpan.FromHours(1)));
        Assert.Equal("m1", Assert.IsType<SignalConsumed>(scene.Events[1]).MessageId);
        Assert.Empty(scene.Effects);
        Assert.Equal("m2", Assert.Single(scene.Instance.Signals).MessageId);
    }

    [Fact]
    public void The_oldest_wait_gets_the_oldest_message()
    {
        var scene = new Scene().Intend(new Intent.Signal("first", "paid", null), new Intent.Signal("second", "paid", TimeSpan.FromHours(1)));
        Assert.Equal(1, Assert.IsType<SignalConsumed>(scene.Send("paid", "m1").Events[1]).Ordinal);
        scene.Send("paid", "m2");
        Assert.Equal(new TimerId(TimerKind.Signal, 2), scene.Effect<Effect.ClearTimer>().Timer);
        Assert.Equal("\"m2\""u8.ToArray(), scene.Entry("second").Result!.Body.ToArray());
    }

    [Fact]
    public void Patience_for_a_signal_ends()
    {
        var scene = new Scene().Intend(new Intent.Signal("s", "paid", TimeSpan.FromSeconds(1))).After(1).Fire(TimerKind.Signal, 1);
        Assert.Equal(EntryStatus.Succeeded, scene.Entry("s").Status);
        Assert.Null(scene.Entry("s").Result);
        Assert.Single(scene.Send("paid", "m1").Instance.Signals);
    }

    [Fact]
    public void Signals_are_bounded_in_number_size_and_over_a_life()
    {
        var scene = new Scene(new() { WaitingSignals = 1, Messages = 2, PayloadBytes = 4 }).Send("paid", "m1");
        Assert.Equal(RefusalCode.SignalBufferFull, scene.Send("paid", "m2").Refusal!.Code);
        scene.Intend(new Intent.Signal("a", "paid", null), new Intent.Signal("b", "paid", null)).Send("paid", "m2");
        Assert.Equal(RefusalCode.SignalTooMany, scene.Send("paid", "m3").Refusal!.Code);
        Assert.Equal(RefusalCode.PayloadTooLarge, new Scene(new() { PayloadBytes = 3 }).Send("paid", "m1").Refusal!.Code);
        Assert.Equal(RefusalCode.InstanceEnded, new Scene().Go("REJECTED").Send("paid", "m1").Refusal!.Code);
    }

    private static Command.DecideGate Decision(Scene scene, bool approved = true, string by = "ann", string role = "risk-officer") =>
        new(scene.Now, scene.Instance.Visit, approved, by, [role], "looks good");

    [Fact]
    public void A_gate_waits_for_a_person_with_its_role_and_keeps_who_when_and_why()
    {
        var scene = new Scene().Go("Locked").Go("Approval");
        Assert.Equal(Status.Waiting, scene.Instance.Status);
        Assert.Empty(scene.Effects.OfType<Effect.RunBody>());
        Assert.Empty(scene.Go("Locked").Events);
        Assert.Equal(RefusalCode.GateRole, scene.Give(Decision(scene, role: "clerk")).Refusal!.Code);
        scene.Give(Decision(scene));
        Assert.Equal(new GateDecision(true, "ann", "looks good", scene.Now), scene.Instance.Decided);
        Assert.Equal(3, scene.Effect<Effect.RunBody>().Visit);
        Assert.Empty(scene.Give(Decision(scene)).Events);
        Assert.Null(scene.Refusal);
        Assert.Equal(RefusalCode.GateDecided, scene.Give(Decision(scene, approved: false)).Refusal!.Code);
        Assert.Equal(RefusalCode.GateNotOpen, scene.Give(Decision(scene) with { Visit = 1 }).Refusal!.Code);
        Assert.Equal("Locked", scene.Go("Locked").Instance.State);
    }

    [Fact]
    public void A_deadline_raises_one_page_with_a_stable_key()
    {
        var scene = new Scene().Go("Locked").After(299).Fire(TimerKind.Deadline, 2);
        Assert.Empty(scene.Events);
        var page = scene.After(1).Fire(TimerKind.Deadline, 2).Effect<Effect.RaisePage>().Page;
        Assert.Equal(($"{scene.Instance.Id}/2/deadline", Severity.High, "deadline.breached"), (page.Key, page.Severity, page.Code));
        Assert.Empty(scene.Fire(TimerKind.Deadline, 2).Events);
    }

    [Fact]
    public void A_deadline_whose_clock_stops_does_not_run_while_paused()
    {
        var scene = new Scene().Go("Locked").After(100).Give(new Command.Pause(Scene.Noon.AddSeconds(100), "ann"));
        Assert.Equal(new TimerId(TimerKind.Deadline, 2), scene.Effect<Effect.ClearTimer>().Timer);
        Assert.Empty(scene.After(1000).Fire(TimerKind.Deadline, 2).Events);
        scene.Give(new Command.Resume(scene.Now, "ann"));
        Assert.Equal(scene.Now.AddSeconds(200), scene.Effect<Effect.SetTimer>().Due);
    }

    [Fact]
    public void A_deadline_whose_clock_stops_does_not_run_in_an_incident_either()
    {
        var scene = new Scene().Go("Locked").After(100);
        scene.Give(new Command.FailBody(scene.Now, 2, new("body.failed", "boom")));
        Assert.Equal(new TimerId(TimerKind.Deadline, 2), scene.Effect<Effect.ClearTimer>().Timer);
        Assert.Empty(scene.After(1000).Fire(TimerKind.Deadline, 2).Events);
        scene.Give(new Command.Pause(scene.Now, "ann")).After(1000).Retry();
        Assert.Empty(scene.Effects.OfType<Effect.SetTimer>());
        scene.After(1000).Give(new Command.Resume(scene.Now, "ann"));
        Assert.Equal(scene.Now.AddSeconds(200), scene.Effect<Effect.SetTimer>().Due);
    }

    [Fact]
    public void A_child_is_started_under_a_stable_key_and_its_end_counts_once()
    {
        var scene = new Scene().Intend(new Intent.Child("ship", "delivery", "k1", Payload.Null));
        Assert.Equal($"child:{scene.Instance.Id}.1.ship", scene.Effect<Effect.StartChild>().RequestKey);
        var end = new Command.EndChild(scene.Now, 1, "end:x", "DONE", Scene.P("7"));
        scene.Give(end);
        Assert.Equal("DONE", scene.Entry("ship").EndedIn);
        Assert.Empty(scene.Give(end).Events);
    }

    [Fact]
    public void What_stood_still_starts_its_child_again_since_that_may_have_been_why()
    {
        var scene = new Scene().Intend(new Intent.Child("ship", "delivery", "k1", Payload.Null));
        var start = scene.Effect<Effect.StartChild>();
        scene.Give(new Command.FailBody(scene.Now, 1, new("child.business-key", "taken"))).Retry();
        Assert.Equal(start, scene.Effect<Effect.StartChild>());
        scene.Give(new Command.Pause(scene.Now, "ann")).Give(new Command.Resume(scene.Now, "ann"));
        Assert.Equal(start, scene.Effect<Effect.StartChild>());
        scene.Give(new Command.Abandon(scene.Now, 1, ["ship"])).Give(new Command.Pause(scene.Now, "ann")).Give(new Command.Resume(scene.Now, "ann"));
        Assert.Empty(scene.Effects.OfType<Effect.StartChild>());
    }

    [Fact]
    public void Cancelling_the_parent_cancels_the_child_and_awaits_its_end()
    {
        var scene = new Scene().Intend(new Intent.Child("ship", "delivery", "k1", Payload.Null)).Cancel();
        scene.Effect<Effect.CancelChild>();
        Assert.False(scene.Instance.Ended);
        Assert.True(scene.Give(new Command.EndChild(scene.Now, 1, "end:x", "CANCELLED", Payload.Null)).Instance.Ended);
    }
}
