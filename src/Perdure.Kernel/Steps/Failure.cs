using System.Collections.Immutable;

namespace Perdure;

/// <summary>One link of a cause chain.</summary>
/// <param name="Type">What kind of error it was, as the reporting code names it.</param>
/// <param name="Message">What it said.</param>
public sealed record Cause(string Type, string Message);

/// <summary>Why something failed, in a form that is stored, shown and compared.</summary>
/// <param name="Code">A stable code, lower case with dots and dashes.</param>
/// <param name="Message">For people.</param>
/// <param name="Transient">Whether trying again may help.</param>
/// <param name="Unknown">Whether the effect may have happened all the same.</param>
public sealed record Failure(string Code, string Message, bool Transient = false, bool Unknown = false)
{
    /// <summary>Whether it is the answer that the downstream keeps for the token: nothing that was sent under it, at any time, has happened or will. Says nothing where <see cref="Unknown"/> is true.</summary>
    public bool Conclusive { get; init; }

    /// <summary>The chain of causes, outermost first.</summary>
    public ImmutableArray<Cause> Causes { get; init; } = [];

    /// <summary>The stack trace of an exception that nobody declared; null for what an operation declares, which its code and causes tell.</summary>
    public string? Stack { get; init; }

    /// <inheritdoc />
    public bool Equals(Failure? other) =>
        other is not null && Code == other.Code && Message == other.Message && Transient == other.Transient && Unknown == other.Unknown
        && Conclusive == other.Conclusive && Stack == other.Stack && Causes.AsSpan().SequenceEqual(other.Causes.AsSpan());

    /// <inheritdoc />
    public override int GetHashCode() => Code.Length;
}
