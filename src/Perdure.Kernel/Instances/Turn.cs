using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Perdure.Kernel;

/// <summary>What one command gives while it is decided: events are applied as they are emitted, effects gather beside them.</summary>
internal sealed class Turn
{
    [ThreadStatic] private static Turn? s_free;

    private Event[] _events = new Event[8];
    private Effect[] _effects = new Effect[8];
    private int _eventCount, _effectCount;
    private Instance? _instance;
    private Refusal? _refusal;

    public MapDefinition Map { get; private set; } = null!;
    public Limits Limits { get; private set; } = null!;
    public DateTimeOffset At { get; private set; }

    /// <summary>The version that the record being made will have.</summary>
    public long Version { get; private set; }

    /// <summary>The instance after the events so far.</summary>
    public Instance Instance => _instance!;

    public bool Exists => _instance is not null;

    public static Turn Begin(MapDefinition map, Limits limits, Instance? instance, DateTimeOffset at, long version)
    {
        var turn = s_free ?? new();
        s_free = null;
        turn.Map = map;
        turn.Limits = limits;
        turn.At = at;
        turn.Version = version;
        turn._instance = instance;
        return turn;
    }

    public void Emit(Event @event)
    {
        _instance = Decider.Evolve(_instance, @event, Version, At);
        if (_eventCount == _events.Length) Array.Resize(ref _events, _eventCount * 2);
        _events[_eventCount++] = @event;
    }

    public void Owe(Effect effect)
    {
        if (_effectCount == _effects.Length) Array.Resize(ref _effects, _effectCount * 2);
        _effects[_effectCount++] = effect;
    }

    /// <summary>Takes back the effects that recovery gives anew as a whole.</summary>
    public void DropWhatIsPending()
    {
        var kept = 0;
        for (var i = 0; i < _effectCount; i++)
            if (!Kernel.Pending.Gives(_effects[i])) _effects[kept++] = _effects[i];
        Array.Clear(_effects, kept, _effectCount - kept);
        _effectCount = kept;
    }

    public void Refuse(RefusalCode code, string message)
    {
        if (_eventCount > 0) throw new InvalidOperationException("A command is refused as a whole or not at all.");
        _refusal = new(code, message);
    }

    /// <summary>Ends the turn; it must not be used any more.</summary>
    public Verdict End()
    {
        Verdict verdict = _refusal is not null
            ? new Verdict.Refused(_refusal)
            : new Verdict.Accepted(Instance, Take(_events, _eventCount), Take(_effects, _effectCount));
        Array.Clear(_events, 0, _eventCount);
        Array.Clear(_effects, 0, _effectCount);
        _eventCount = _effectCount = 0;
        _instance = null;
        _refusal = null;
        s_free = this;
        return verdict;
    }

    private static ImmutableArray<T> Take<T>(T[] items, int count) =>
        count == 0 ? [] : ImmutableCollectionsMarshal.AsImmutableArray(items.AsSpan(0, count).ToArray());
}
