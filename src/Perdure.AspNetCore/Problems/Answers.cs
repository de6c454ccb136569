using Microsoft.AspNetCore.Http;
using Perdure.Kernel;
using Perdure.Runtime;

namespace Perdure.AspNetCore;

/// <summary>How the engine's answers read on the wire where they are no success.</summary>
public static class Answers
{
    /// <summary>The problem that a start's answer is; null where it was accepted.</summary>
    public static Problem? Problem(StartAnswer answer) => answer switch
    {
        StartAnswer.Accepted => null,
        StartAnswer.KeyReused reused => new(StatusCodes.Status422UnprocessableEntity, "key.reused", "The idempotency key belongs to an instance that was started with another payload.") { Instance = reused.Instance },
        StartAnswer.BusinessKeyTaken taken => new(StatusCodes.Status409Conflict, "business-key.taken", $"An instance of another request has the key {taken.BusinessKey}.") { Instance = taken.Instance },
        StartAnswer.Invalid invalid => AspNetCore.Problem.Malformed("input.invalid", invalid.Faults),
        StartAnswer.NoWorkflow none => new(StatusCodes.Status404NotFound, "workflow.not-found", none.Message),
        StartAnswer.Overloaded overloaded => Overloaded(overloaded.RetryAfter),
        StartAnswer.Unavailable away => Unavailable(away.Code, away.Message, away.RetryAfter),
        _ => throw new InvalidOperationException($"No problem is known for {answer?.GetType().Name}."),
    };

    /// <summary>The problem that a command's answer is; null where it was done.</summary>
    public static Problem? Problem(CommandAnswer answer) => answer switch
    {
        CommandAnswer.Done => null,
        CommandAnswer.NotFound => NoInstance(),
        CommandAnswer.Removed removed => Removed(removed.Instance),
        // By a node of a build that does not know the command; the instance's next owner may.
        CommandAnswer.Refused { Code: ChildLetter.Unreadable } unknown => Unavailable(unknown.Code, unknown.Message, TimeSpan.FromSeconds(1)),
        CommandAnswer.Refused refused => new(StatusOf(refused.Code), refused.Code, refused.Message),
        CommandAnswer.Invalid invalid => AspNetCore.Problem.Malformed("input.invalid", invalid.Faults),
        CommandAnswer.Overloaded overloaded => Overloaded(overloaded.RetryAfter),
        CommandAnswer.Unavailable away => Unavailable(away.Code, away.Message, away.RetryAfter),
        _ => throw new InvalidOperationException($"No problem is known for {answer?.GetType().Name}."),
    };

    internal static Problem NoInstance() => new(StatusCodes.Status404NotFound, "instance.not-found", "There is no such instance.");

    /// <summary>What is said where an instance is not found: that it was here and was removed, or that there is none.</summary>
    internal static async Task<Problem> Missing(string id, IReads reads, CancellationToken cancellation) =>
        InstanceId.TryParse(id, out var instance) && await reads.WasRemoved(instance, cancellation) ? Removed(instance) : NoInstance();

    private static Problem Removed(InstanceId instance) =>
        new(StatusCodes.Status410Gone, "instance.removed", "The instance has ended and was removed with its history, as the retention says. Its keys are still taken.") { Instance = instance };

    private static Problem Overloaded(TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "engine.overloaded", "Too much is under way. Nothing was kept; try again later.") { RetryAfter = wait };

    private static Problem Unavailable(string code, string message, TimeSpan wait) =>
        new(StatusCodes.Status503ServiceUnavailable, code, message) { RetryAfter = wait };

    private static int StatusOf(string code) => code switch
    {
        "gate.role" => StatusCodes.Status403Forbidden,
        "payload.too-large" => StatusCodes.Status413PayloadTooLarge,
        "signal.buffer-full" => StatusCodes.Status429TooManyRequests,
        "signal.unknown" => StatusCodes.Status404NotFound,
        _ => StatusCodes.Status409Conflict,
    };
}
