using System.Collections.Concurrent;
using CsCheck;

namespace Perdure.Kernel.Tests;

/// <summary>The random cases are worth something only if they reach everything.</summary>
public class CoverageOfCases
{
    [Fact]
    public void The_random_cases_reach_every_event_effect_status_and_refusal()
    {
        var seen = new ConcurrentDictionary<string, int>();
        void Count(string what) => seen.AddOrUpdate(what, 1, (_, n) => n + 1);
        Maps.Cases.Sample((map, script) =>
        {
            var world = Watch.Play(map, script, world => world.Decided += (_, command, verdict) =>
            {
                Count(command.GetType().Name);
                if (verdict is Verdict.Refused refused) Count(refused.Refusal.Wire);
                if (verdict is not Verdict.Accepted accepted) return;
                foreach (var e in accepted.Events) Count(EventTypes.NameOf(e));
                foreach (var e in accepted.Events.OfType<IncidentRaised>()) Count(e.Failure.Code);
                foreach (var e in accepted.Effects) Count(e.GetType().Name);
                Count(accepted.Instance.Status.ToString());
                if (accepted.Instance.CancelRequested && accepted.Instance.Ended) Count("ends cancelled");
            });
        }, iter: 10_000);
        string[] expected =
        [
            .. EventTypes.All, .. Enum.GetNames<Status>(), .. Enum.GetValues<RefusalCode>().Select(c => new Refusal(c, "").Wire),
            .. typeof(Effect).GetNestedTypes().Select(t => t.Name), .. typeof(Command).GetNestedTypes().Select(t => t.Name), "ends cancelled",
            FailureCode.JournalFull, FailureCode.Loop, FailureCode.OutcomeUnknown, FailureCode.PayloadTooLarge, FailureCode.Quarantined, FailureCode.UndoFailed,
        ];
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join("\n", seen.OrderBy(s => s.Value).Select(s => $"{s.Value,8} {s.Key}")));
        Assert.Empty(expected.Except(seen.Keys));
        // And what matters most often enough.
        Assert.All(["undo.began", "gate.decided", "child.ended", "signal.consumed", "incident.raised", "instance.recovered", "step.parked"], e => Assert.InRange(seen[e], 1_000, int.MaxValue));
    }
}
