using System.Collections.Immutable;

namespace Perdure;

/// <summary>The root of what Perdure throws at authors and callers; each has a stable code.</summary>
public abstract class PerdureException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The stable code, lower case with dots and dashes.</summary>
    public string Code => code;
}

/// <summary>Thrown by an operation: nothing happened, and trying again is no use.</summary>
public sealed class PermanentFailure(string code, string message, Exception? inner = null) : PerdureException(code, message, inner)
{
    /// <inheritdoc cref="TransientFailure.Conclusive"/>
    public bool Conclusive { get; init; }
}

/// <summary>Thrown by an operation: nothing happened for certain, and trying again may help. The next attempt runs under the next generation of the token, unless an earlier attempt under the present one may have happened.</summary>
public sealed class TransientFailure(string code, string message, Exception? inner = null) : PerdureException(code, message, inner)
{
    /// <summary>
    /// Whether this is the answer that the downstream keeps for the token: whatever was sent under it, also by an earlier attempt of which nobody knows and also if it is still on its way, has not happened and will
    /// not. Then the token is spent: the next attempt has the next generation, and there is nothing to undo. Not for what a proxy says, or a downstream that does not honour tokens: while an attempt that may have happened
    /// is called off by another's answer, it is done twice, or not undone. Default: false.
    /// </summary>
    public bool Conclusive { get; init; }
}

/// <summary>Thrown by an operation: it may have happened. Every exception that is neither <see cref="PermanentFailure"/> nor <see cref="TransientFailure"/> means the same; this one says it with a code.</summary>
public sealed class UnknownOutcome(string code, string message, Exception? inner = null) : PerdureException(code, message, inner);

/// <summary>It happened, and what it returned cannot be journaled: trying again is no use.</summary>
internal sealed class UnusableResult(string code, string message, Exception? inner = null) : PerdureException(code, message, inner);

/// <summary>What a body sees when an operation has failed for good; the same live and on replay.</summary>
public sealed class OperationFailed(Failure failure) : PerdureException(failure.Code, failure.Message)
{
    /// <summary>The whole failure.</summary>
    public Failure Failure => failure;
    /// <summary>Whether trying again might have helped.</summary>
    public bool Transient => failure.Transient;
    /// <summary>Whether it may have happened all the same.</summary>
    public bool OutcomeUnknown => failure.Unknown;
    /// <summary>The causes, outermost first.</summary>
    public ImmutableArray<Cause> Causes => failure.Causes;
}
