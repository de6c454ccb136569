using Perdure.Kernel;
using Perdure.Runtime;

namespace Perdure.Simulation;

/// <summary>Something that was done to the world outside, or undone.</summary>
/// <param name="Token">The idempotency token that it came under.</param>
/// <param name="Instance">For which instance.</param>
/// <param name="Operation">Which operation.</param>
/// <param name="Step">The token without its generation: what was asked for once.</param>
/// <param name="IsUndo">Whether it was undone.</param>
/// <param name="Input">What it was asked with, as JSON.</param>
/// <param name="Output">What came of it, as JSON; null for an undo.</param>
/// <param name="At">When, by the world's clock.</param>
public sealed record LedgerEntry(string Token, InstanceId Instance, string Operation, string Step, bool IsUndo, string Input, string? Output, DateTimeOffset At);

/// <summary>
/// The world outside, as every downstream of the simulated operations keeps it together: each token is done once, its first answer is given again, errors too; an undo of a token that was not seen
/// is remembered, and its later run refused.
/// </summary>
public sealed class Ledger
{
    private readonly Dictionary<string, Payload> _done = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Failure> _refused = new(StringComparer.Ordinal);
    private readonly HashSet<string> _undone = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _inputs = new(StringComparer.Ordinal);
    private readonly List<LedgerEntry> _entries = [];
    private readonly Dictionary<InstanceId, List<LedgerEntry>> _byInstance = [];

    /// <summary>Everything that took effect, in order: one entry for a token that was done, one for a token that was undone after it was done.</summary>
    public IReadOnlyList<LedgerEntry> Entries => _entries;

    /// <summary>What took effect for one instance, in order.</summary>
    public IReadOnlyList<LedgerEntry> Of(InstanceId instance) => _byInstance.TryGetValue(instance, out var entries) ? entries : [];

    /// <summary>Whether a token's effect stands: it was done and not undone.</summary>
    public bool Stands(string token) => _done.ContainsKey(token) && !_undone.Contains(token);

    internal Action<LedgerEntry>? Added { get; set; }

    /// <summary>Told of each call of an operation that must not happen twice, whatever becomes of it.</summary>
    internal Action<LedgerEntry>? Called { get; set; }

    /// <summary>Told where something comes under a token under which something else was asked for: the first input.</summary>
    internal Action<LedgerEntry, string>? Differs { get; set; }

    /// <summary>Does it, unless the token was answered or undone before.</summary>
    internal Payload Do(LedgerEntry entry, Func<Payload> effect)
    {
        if (!_inputs.TryAdd(entry.Token, entry.Input) && _inputs[entry.Token] is var first && first != entry.Input) Differs?.Invoke(entry, first);
        if (_refused.TryGetValue(entry.Token, out var refused)) throw Failures.Thrown(refused);
        if (_done.TryGetValue(entry.Token, out var done)) return done;
        if (_undone.Contains(entry.Token)) throw new PermanentFailure("downstream.undone", "The token was undone before it came.") { Conclusive = true };
        try
        {
            done = effect();
        }
        catch (PerdureException e) when (e is PermanentFailure or TransientFailure { Conclusive: true } && IsKept(entry.Token, e))
        {
            throw;
        }
        _done.Add(entry.Token, done);
        Add(entry with { Output = System.Text.Encoding.UTF8.GetString(done.Body.Span) });
        return done;
    }

    // Said while it is still on its way to whoever takes it, so that it is not thrown again.
    private bool IsKept(string token, PerdureException answer)
    {
        Refuse(token, answer);
        return false;
    }

    /// <summary>The downstream's answer to this token is an error, now and ever.</summary>
    internal void Refuse(string token, PerdureException answer) => _refused.TryAdd(token, Failures.OfAttempt(answer));

    /// <summary>Undoes it where it was done; remembers the token in any case.</summary>
    internal void Undo(LedgerEntry entry, Action effect)
    {
        var first = !_undone.Contains(entry.Token);
        if (first && _done.ContainsKey(entry.Token))
        {
            effect();
            Add(entry);
        }
        _undone.Add(entry.Token);
    }

    private void Add(LedgerEntry entry)
    {
        _entries.Add(entry);
        (_byInstance.TryGetValue(entry.Instance, out var own) ? own : _byInstance[entry.Instance] = []).Add(entry);
        Added?.Invoke(entry);
    }
}
