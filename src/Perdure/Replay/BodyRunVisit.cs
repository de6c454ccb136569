using System.Text.Json;
using Perdure.Kernel;

namespace Perdure.Replay;

/// <summary>The visit that a body sees: each ask is looked up in the journal, or becomes an intent.</summary>
internal abstract partial class BodyRun : IVisit
{
    string IVisit.Instance => Instance.Id.ToString();

    int IVisit.Number => Visit;

    public Task<TOut> Run<TIn, TOut>(Step<TIn, TOut> step, TIn input, string? key, string? name) where TOut : class =>
        RunStep(step, input, key, name, Delivered.Result<TOut>);

    public Task<Outcome<TOut>> Try<TIn, TOut>(Step<TIn, TOut> step, TIn input, string? key, string? name) where TOut : class =>
        RunStep(step, input, key, name, Delivered.Outcome<TOut>);

    private Task<T> RunStep<TIn, TOut, T>(Step<TIn, TOut> step, TIn input, string? key, string? name, Func<Entry, PayloadCodec, T> value) where TOut : class
    {
        ArgumentNullException.ThrowIfNull(step);
        var operation = step.Name;
        if (Register(name ?? operation, key, isStep: true, $"visit.Run(\"{name ?? operation}\")") is not { } journal) return Never<T>();
        var payload = host.Codec.Encode(input);
        return Await(journal, EntryKind.Step, operation, payload, value, () => new Intent.Step(journal, operation, payload, step.CanUndo, step.AtMostOnce));
    }

    public async Task<IReadOnlyList<TOut>> Each<TIn, TOut>(Step<TIn, TOut> step, IEnumerable<TIn> inputs, Func<TIn, string> key, int atOnce) where TOut : class
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(atOnce, 1);
        IReadOnlyList<TIn> all = [.. inputs];
        var results = new TOut[all.Count];
        var next = 0;
        (int Index, OperationFailed Failure)? failed = null;

        async Task Work()
        {
            while (failed is null && next < all.Count)
            {
                var index = next++;
                try
                {
                    results[index] = await Run(step, all[index], key(all[index]), null).ConfigureAwait(false);
                }
                catch (OperationFailed e)
                {
                    if (failed is null || index < failed.Value.Index) failed = (index, e);
                }
            }
        }

        var workers = new Task[Math.Min(atOnce, all.Count)];
        for (var i = 0; i < workers.Length; i++) workers[i] = Work();
        await Task.WhenAll(workers).ConfigureAwait(false);
        return failed is { } first ? throw new OperationFailed(first.Failure.Failure) : results;
    }

    public Task<TSignal?> Signal<TSignal>(TimeSpan? within, string? name) where TSignal : class
    {
        var signal = Names.Kebab(typeof(TSignal));
        if (Register(name ?? signal, null, isStep: false, $"visit.Signal<{signal}>()") is not { } journal) return Never<TSignal?>();
        return Await<TSignal?>(journal, EntryKind.Signal, signal, null, Delivered.Message<TSignal>, () => new Intent.Signal(journal, signal, within));
    }

    public Task Sleep(TimeSpan time, string? name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        if (Register(name ?? "sleep", null, isStep: false, "visit.Sleep()") is not { } journal) return Never<bool>();
        return Await(journal, EntryKind.Sleep, "", null, Delivered.Slept, () => new Intent.Sleep(journal, time));
    }

    public Task<ChildEnd> Child<TIn>(Workflow<TIn> child, string key, TIn input) where TIn : class
    {
        ArgumentNullException.ThrowIfNull(child);
        if (Register(child.Name, key, isStep: true, $"visit.Child(\"{child.Name}\")") is not { } journal) return Never<ChildEnd>();
        var payload = host.Codec.Encode(input);
        return Await(journal, EntryKind.Child, child.Name, payload, Delivered.Child, () => new Intent.Child(journal, child.Name, key, payload));
    }

    public T Once<T>(string name, Func<T> value)
    {
        // A dead run cannot return a value; what it throws is never seen by anybody, since nobody looks at a dead run's body.
        var journal = Register(name, null, isStep: false, $"visit.Once(\"{name}\")") ?? throw Broken ?? new Divergence($"visit.Once(\"{name}\") was called outside of the visit.", Divergence.Escaped);
        if (!Instance.Journal.TryGetValue(journal, out var entry))
        {
            var made = host.Codec.Encode(value());
            (_intents ??= []).Add(new Intent.Note(journal, made));
            return host.Codec.Decode<T>(made)!;
        }
        try
        {
            if (entry.Kind != EntryKind.Note) throw new Divergence($"The journal has \"{journal}\" as {entry.Kind} of \"{entry.Target}\"; the code asks for a value decided once.");
            return host.Codec.Decode<T>(entry.Input!)!;
        }
        catch (JsonException e)
        {
            Break(new($"The journaled value of \"{journal}\" ({entry.Input!.Type}) cannot be read as {Names.Of(typeof(T))}: {e.Message}"));
            throw;
        }
        catch (Divergence broken)
        {
            Break(broken);
            throw;
        }
    }

    public DateTimeOffset Now(string name) => Once(name, () => host.Now);

    public double Random(string name) => Once(name, host.NextShare);

    public Guid NewId(string name) => Once(name, host.NextId);

    public async Task<int> Race(string name, params IReadOnlyList<Task> contenders)
    {
        ArgumentOutOfRangeException.ThrowIfZero(contenders.Count);
        // Results are handed over one at a time in the order of the journal, so the first to end is the same on replay; the note holds it against mended code.
        var won = await Task.WhenAny(contenders).ConfigureAwait(false);
        var index = 0;
        while (contenders[index] != won) index++;
        var noted = Once(name, () => index);
        if (noted != index && Instance.Accepted && noted < contenders.Count)
        {
            (index, won) = (noted, contenders[noted]);
            await Task.WhenAny(won).ConfigureAwait(false);
        }
        else if (noted != index)
        {
            Break(new($"The race \"{name}\" was journaled as won by contender {noted}; now contender {index} ended first."));
            return await Never<int>().ConfigureAwait(false);
        }
        foreach (var (journal, awaiter) in _asked)
            if (awaiter is not null && awaiter.Task != won && contenders.Contains(awaiter.Task)) (_abandoned ??= []).Add(journal);
        return index;
    }
}

/// <summary>A run with the input of its workflow.</summary>
internal sealed class BodyRun<TInput>(IBodyHost host, Instance instance, MapState state, TInput input) : BodyRun(host, instance, state), IVisit<TInput>
{
    public TInput Input => input;
}
