using Perdure.Kernel;

namespace Perdure.Simulation.Exploring;

/// <summary>Something that a sender or a person brought about at an instance.</summary>
/// <param name="After">How far the instance had come by then.</param>
/// <param name="At">When that was, in ticks of its world's time.</param>
/// <param name="Event">What it was.</param>
internal sealed record Stimulus(int After, long At, Event Event)
{
    /// <summary>Whether an event is one: a message, or that a person pauses, resumes or cancels. A parent that cancels its child, and a child that ends, are not from outside.</summary>
    public static bool Is(Event @event) => @event is SignalReceived or Paused or Resumed || (@event is CancelRequested cancel && !Refining.Course.IsOfAParent(cancel));

    /// <summary>Brings it about again.</summary>
    public static Task<CommandAnswer> Again(IPerdure engine, InstanceId id, Event @event) => @event switch
    {
        SignalReceived e => engine.Signal(id, e.Signal, e.MessageId, e.Body.Body),
        Paused e => engine.Pause(id, new(e.By, [])),
        Resumed e => engine.Resume(id, new(e.By, [])),
        CancelRequested e => engine.Cancel(id, new(e.By, []), e.Reason),
        _ => throw new InvalidOperationException($"Nobody outside brings about {@event}."),
    };
}
