namespace Perdure.Kernel.Tests;

/// <summary>
/// An independent account of a saga: from what was started and what was told of it alone, never from the instance, it knows what may have happened,
/// and expects exactly that to be undone, in reverse.
/// </summary>
internal sealed class SagaChecker
{
    private sealed class Deed
    {
        public required string Token { get; init; }
        public required int Visit { get; init; }
        public bool AtMostOnce { get; set; }
        public bool Consented { get; set; }
        public bool Running { get; set; }
        public bool MayHaveHappened { get; set; }
        public bool Unknown { get; set; }
    }

    private readonly SortedDictionary<int, Deed> _deeds = [];
    private readonly List<int> _undone = [];
    private World _world = null!;

    public void Attach(World world)
    {
        _world = world;
        world.Decided += Hear;
        world.CarriedOut += See;
    }

    private void Hear(Instance? before, Command command, Verdict verdict)
    {
        switch (command)
        {
            case Command.EndAttempt e when _deeds.TryGetValue(e.Ordinal, out var deed) && deed.Running && e.Attempt < 90:
                deed.Running = false;
                if (e.Outcome is Outcome.Success) deed.MayHaveHappened = true;
                else if (e.Outcome is Outcome.Failed { Failure.Unknown: true }) deed.MayHaveHappened = deed.Unknown = true;
                else if (e.Outcome is Outcome.Failed { Failure.Conclusive: true }) deed.MayHaveHappened = deed.Unknown = false;
                break;
            case Command.Retry { Mode: RetryMode.Again } when verdict is Verdict.Accepted { Events.Length: > 0 }:
                if (_deeds.TryGetValue(before!.Incident!.Ordinal, out var about)) about.Consented = true;
                break;
            case Command.Recover when verdict is Verdict.Accepted:
                foreach (var deed in _deeds.Values.Where(d => d.Running))
                {
                    deed.Running = false;
                    deed.MayHaveHappened = deed.Unknown = true;
                }
                break;
        }
        // Last: the end of what ran may be what lets the visit begin anew.
        if (verdict is Verdict.Accepted { Events: var events } && events.OfType<VisitRestarted>().FirstOrDefault() is { } restarted) ExpectUndone(restarted.Visit);
    }

    private void See(Effect effect)
    {
        switch (effect)
        {
            case Effect.KeepToken { OnStack: true } e:
                _deeds.Add(e.Ordinal, new() { Visit = e.Visit, Token = Token.For(_world.Instance!.Id, e.Visit, e.Name, e.Generation), AtMostOnce = _world.Instance.Journal[e.Name].AtMostOnce });
                break;
            case Effect.StartAttempt e when _deeds.TryGetValue(e.Ordinal, out var deed):
                Assert.Equal(deed.Token, e.Token);
                if (deed is { AtMostOnce: true, Unknown: true }) Assert.True(deed.Consented, "At most once, its outcome is unknown, and it starts without a person's consent.");
                deed.Consented = false;
                deed.Running = true;
                break;
            case Effect.StartUndo e:
                Assert.Equal(_deeds[e.Ordinal].Token, e.Token);
                if (_undone.Count == 0 || _undone[^1] != e.Ordinal) _undone.Add(e.Ordinal);
                break;
            case Effect.SettleStack:
                _deeds.Clear();
                break;
        }
    }

    // A visit begins anew when all that it did is undone; what others did stands.
    private void ExpectUndone(int visit)
    {
        Assert.Equal(_deeds.Where(d => d.Value.Visit == visit && d.Value.MayHaveHappened).Select(d => d.Key).Reverse(), _undone);
        Assert.DoesNotContain(_deeds.Values, d => d.Visit == visit && d.Running);
        foreach (var ordinal in _deeds.Where(d => d.Value.Visit == visit).Select(d => d.Key).ToList()) _deeds.Remove(ordinal);
        _undone.Clear();
    }

    public void ExpectEnd()
    {
        var revoked = _world.Map.Find(_world.Instance!.State)!.Kind == StateKind.Revoked;
        int[] expected = revoked ? [.. _deeds.Where(d => d.Value.MayHaveHappened).Select(d => d.Key).Reverse()] : [];
        Assert.Equal(expected, _undone);
    }
}
