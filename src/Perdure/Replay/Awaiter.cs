using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Replay;

/// <summary>What a body awaits: a task of the engine's own, completed inline, on the lane, in the order of the journal.</summary>
internal abstract class Awaiter(string name)
{
    public string Name => name;

    public abstract Task Task { get; }

    /// <summary>Hands the entry's end to the body, which runs on from here before this returns.</summary>
    public abstract void Complete(Entry entry, PayloadCodec codec);
}

/// <summary>Awaits something whose value is made from the entry.</summary>
internal sealed class Awaiter<T>(string name, Func<Entry, PayloadCodec, T> value) : Awaiter(name)
{
    private readonly TaskCompletionSource<T> _source = new();       // without RunContinuationsAsynchronously: bodies run on inline

    public override Task<T> Task => _source.Task;

    public override void Complete(Entry entry, PayloadCodec codec)
    {
        T result;
        try
        {
            result = value(entry, codec);
        }
        catch (PerdureException e)
        {
            _source.TrySetException(e);
            return;
        }
        _source.TrySetResult(result);
    }
}

/// <summary>How entries become what bodies see.</summary>
internal static class Delivered
{
    public static TOut Result<TOut>(Entry entry, PayloadCodec codec) where TOut : class =>
        entry.Status == EntryStatus.Succeeded ? Value<TOut>(entry, codec)! : throw new OperationFailed(FailureOf(entry));

    public static Outcome<TOut> Outcome<TOut>(Entry entry, PayloadCodec codec) where TOut : class =>
        entry.Status == EntryStatus.Succeeded ? new(Value<TOut>(entry, codec), null) : new(null, FailureOf(entry));

    public static TSignal? Message<TSignal>(Entry entry, PayloadCodec codec) where TSignal : class =>
        entry.Status != EntryStatus.Succeeded ? throw new OperationFailed(FailureOf(entry))
        : entry.Result is null ? null
        : Value<TSignal>(entry, codec, Divergence.Unreadable);      // it came from outside: no code has to have changed

    public static bool Slept(Entry entry, PayloadCodec codec) =>
        entry.Status == EntryStatus.Succeeded ? true : throw new OperationFailed(FailureOf(entry));

    public static ChildEnd Child(Entry entry, PayloadCodec codec)
    {
        if (entry.Status != EntryStatus.Succeeded) throw new OperationFailed(FailureOf(entry));
        using var document = JsonDocument.Parse(entry.Result!.Body);
        return new(entry.EndedIn ?? "", document.RootElement.Clone());
    }

    private static T? Value<T>(Entry entry, PayloadCodec codec, string code = Divergence.Diverged)
    {
        try
        {
            return codec.Decode<T>(entry.Result!);
        }
        catch (JsonException e)
        {
            throw new Divergence($"The journaled result of \"{entry.Name}\" ({entry.Result!.Type}) cannot be read as {Names.Of(typeof(T))}: {e.Message}", code) { Step = entry.Name };
        }
    }

    // What a body learns is of the step, not of its last attempt alone: an earlier one may have happened.
    private static Failure FailureOf(Entry entry) => entry.Failure is { } failure
        ? failure.Unknown == entry.EverUnknown ? failure : failure with { Unknown = failure.Unknown || entry.EverUnknown }
        : new("operation.cancelled", $"\"{entry.Name}\" was given up.", Unknown: entry.EverUnknown || entry.Status == EntryStatus.Cancelled);
}
