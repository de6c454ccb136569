using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;

namespace Perdure.Simulation.Refining;

/// <summary>An operation of a run that is held against a recorded one: each attempt ends as the last recorded one did, whenever that is its turn. So none times out, and none is tried again.</summary>
internal sealed class UntimedStep(IStep step) : IRunnable
{
    private static readonly Retry Once = Retry.Never;

    public string Name => step.Name;
    public bool CanUndo => step.CanUndo;
    public bool AtMostOnce => step.AtMostOnce;
    public bool IsQuery => ((IRunnable)step).IsQuery;
    public Retry Retry => Once;
    public Retry UndoRetry => Once;
    public TimeSpan Timeout => TimeSpan.MaxValue;
    public int Concurrency => 0;
    public Type InputType => step.InputType;
    public Type OutputType => step.OutputType;

    public Task<Payload> Run(PayloadCodec codec, Payload input, Attempt attempt) => throw new InvalidOperationException("It is answered for.");

    public Task Undo(PayloadCodec codec, Payload input, Payload? output, Attempt attempt) => throw new InvalidOperationException("It is answered for.");
}
