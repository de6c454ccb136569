using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>What a command answers. <paramref name="Changed"/> is false where it had been done before.</summary>
internal sealed record CommandBody(string Instance, bool Changed);

/// <summary>Why an instance is cancelled.</summary>
internal sealed record CancelRequest(string? Reason = null);

/// <summary>How an incident is continued; without a number the present one.</summary>
internal sealed record RetryRequest(int? Incident = null, string? Mode = null);

/// <summary>Sends messages to instances, and operates them.</summary>
internal static class CommandEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/instances/{id}/signals/{name}", Signal).WithName("SendSignal").WithSummary("Sends a message; the Idempotency-Key is its id, and the same id counts once.")
            .Accepts<object>("application/json").Produces<CommandBody>().Problems(400, 404, 409, 410, 413, 415, 429, 503).RequireAuthorization(Policies.Starter);
        api.MapPost("/instances/{id}/cancel", Cancel).WithName("CancelInstance").WithSummary("Undoes everything and ends the instance.")
            .Accepts<CancelRequest>("application/json").Produces<CommandBody>().Problems(400, 404, 409, 410, 429, 503).RequireAuthorization(Policies.Operator);
        api.MapPost("/instances/{id}/pause", Pause).WithName("PauseInstance").WithSummary("Starts nothing new on the instance until it is resumed.")
            .Produces<CommandBody>().Problems(404, 409, 410, 429, 503).RequireAuthorization(Policies.Operator);
        api.MapPost("/instances/{id}/resume", Resume).WithName("ResumeInstance").WithSummary("Goes on after a pause.")
            .Produces<CommandBody>().Problems(404, 409, 410, 429, 503).RequireAuthorization(Policies.Operator);
        api.MapPost("/instances/{id}/retry", Retry).WithName("RetryInstance").WithSummary("Continues after an incident: again, restart-visit or accept.")
            .Accepts<RetryRequest>("application/json").Produces<CommandBody>().Problems(400, 404, 409, 410, 429, 503).RequireAuthorization(Policies.Operator);
    }

    private static async Task<IResult> Signal(HttpContext context, string id, string name, IPerdure perdure)
    {
        if (new Query(context).Problem is { } query) return query;
        var (message, noKey) = StartEndpoint.Key(context.Request);
        if (noKey is not null) return noKey;
        if (!InstanceId.TryParse(id, out var instance)) return Answers.NoInstance();
        if (!Text.IsName(name)) return new Problem(StatusCodes.Status404NotFound, "signal.unknown", "There is no such signal.");
        var (body, bad) = await RequestBody.Read(context);
        if (bad is not null) return bad;
        return Answer(instance, await perdure.Signal(instance, name, message!, body, context.RequestAborted));
    }

    private static async Task<IResult> Cancel(HttpContext context, string id, IPerdure perdure)
    {
        var (request, problem) = await CommandInput.Read<CancelRequest>(context);
        if (problem is not null) return problem;
        if (request?.Reason is { } reason && (reason.Length > Text.ReasonLength || Text.HasControls(reason, linesAllowed: true)))
            return Problem.Malformed("input.invalid", "$.reason", $"No more than {Text.ReasonLength} characters are taken.");
        if (!InstanceId.TryParse(id, out var instance)) return Answers.NoInstance();
        return Answer(instance, await perdure.Cancel(instance, context.Caller(), request?.Reason ?? "", context.RequestAborted));
    }

    private static async Task<IResult> Pause(HttpContext context, string id, IPerdure perdure)
    {
        if ((await CommandInput.Read<NoInput>(context)).Problem is { } problem) return problem;
        if (!InstanceId.TryParse(id, out var instance)) return Answers.NoInstance();
        return Answer(instance, await perdure.Pause(instance, context.Caller(), context.RequestAborted));
    }

    private static async Task<IResult> Resume(HttpContext context, string id, IPerdure perdure)
    {
        if ((await CommandInput.Read<NoInput>(context)).Problem is { } problem) return problem;
        if (!InstanceId.TryParse(id, out var instance)) return Answers.NoInstance();
        return Answer(instance, await perdure.Resume(instance, context.Caller(), context.RequestAborted));
    }

    private static async Task<IResult> Retry(HttpContext context, string id, IPerdure perdure)
    {
        var (request, problem) = await CommandInput.Read<RetryRequest>(context);
        if (problem is not null) return problem;
        var mode = RetryMode.Again;
        if (request?.Mode is { } word && !Wire.TryWord(word, out mode)) return Problem.Malformed("input.invalid", "$.mode", "One of these is taken: again, restart-visit, accept.");
        if (request?.Incident is < 1) return Problem.Malformed("input.invalid", "$.incident", "Incidents are numbered from 1.");
        if (!InstanceId.TryParse(id, out var instance)) return Answers.NoInstance();
        return Answer(instance, await perdure.Retry(instance, context.Caller(), request?.Incident, mode, context.RequestAborted));
    }

    private static IResult Answer(InstanceId instance, CommandAnswer answer) =>
        (IResult?)Answers.Problem(answer) ?? Wire.Ok(new CommandBody(instance.ToString(), ((CommandAnswer.Done)answer).Changed));
}
