using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>Undoing at its lane: what was asked for and what came back is read from the log once, when the first undo of the instance starts.</summary>
internal sealed partial class Lane
{
    private const int HistoryPage = 500;

    private void StartUndo(Hot hot, Effect.StartUndo undo)
    {
        if (hot.Undos is { } known && known.TryGetValue(undo.Ordinal, out var data))
        {
            _attempts.Start(hot, undo, data);
            return;
        }
        ReadUndos(hot, new(), 1, undo);
    }

    private void ReadUndos(Hot hot, UndoReader reader, long from, Effect.StartUndo undo) =>
        Read(_node.Store.Records(hot.Id, from, HistoryPage, CancellationToken.None), page =>
        {
            if (hot.Dropped) return;
            try
            {
                foreach (var record in page) reader.Add(record, hot.Instance!.Stack);
            }
            catch (HistoryFormatException e)
            {
                TellUnreadable(hot, e);
                Drop(hot);
                return;
            }
            if (page.Count == HistoryPage)
            {
                ReadUndos(hot, reader, page[^1].Version + 1, undo);
                return;
            }
            hot.Undos = reader.Found;
            if (reader.Found.TryGetValue(undo.Ordinal, out var data)) _attempts.Start(hot, undo, data);
            else Halt(hot, new InvalidOperationException($"The log of {hot.Id} has no intent {undo.Ordinal} to undo."));
        }, () =>
        {
            // Not read now: the undo is owed still; it is asked for again as an attempt that did not happen.
            if (!hot.Dropped) Handle(hot, new Command.EndUndo(Now, undo.Ordinal, undo.Attempt, new("store.read", "The log could not be read.", Transient: true), Retry.Default with { Attempts = int.MaxValue, Within = TimeSpan.MaxValue }, NextShare()));
        });
}

/// <summary>Gathers the inputs and outputs of what stands on a stack from the records of a log, in order.</summary>
internal sealed class UndoReader
{
    private readonly Dictionary<string, Payload> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _names = [];

    public Dictionary<int, UndoData> Found { get; } = [];

    public void Add(StoredRecord record, IReadOnlyDictionary<int, StackEntry> stack)
    {
        foreach (var @event in EventCodec.Read(record.Body.Span))
        {
            switch (@event)
            {
                case StepIntended intended:
                    _inputs[intended.Name] = intended.Input;
                    Keep(intended.Ordinal, intended.Name);
                    break;
                case StepRetryScheduled { NextOrdinal: { } next } retried when _names.TryGetValue(retried.Ordinal, out var name):
                    Keep(next, name);
                    break;
                case StepSucceeded succeeded when Found.TryGetValue(succeeded.Ordinal, out var data):
                    Found[succeeded.Ordinal] = data with { Output = succeeded.Result };
                    break;
                case Transitioned:
                    _inputs.Clear();        // names are the visit's own
                    _names.Clear();
                    break;
            }
        }

        void Keep(int ordinal, string name)
        {
            _names[ordinal] = name;
            if (stack.ContainsKey(ordinal)) Found[ordinal] = new(_inputs[name], null);
        }
    }
}
