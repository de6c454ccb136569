using System.Diagnostics.CodeAnalysis;

namespace Perdure;

/// <summary>The outcome of an operation, as a value.</summary>
public sealed record Outcome<T>(T? Value, Failure? Failure) where T : class
{
    /// <summary>Whether it succeeded.</summary>
    [MemberNotNullWhen(true, nameof(Value)), MemberNotNullWhen(false, nameof(Failure))]
    public bool Ok => Failure is null;
}
