using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Perdure.AspNetCore;

/// <summary>A problem document, as the OpenAPI document describes it.</summary>
internal sealed record ProblemBody(string Type, string Title, int Status, string Code, string Detail, string? Instance, IReadOnlyList<InputFault>? Faults);

/// <summary>Says which problems an endpoint answers.</summary>
internal static class ProblemMetadata
{
    public static RouteHandlerBuilder Problems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses) endpoint.Produces<ProblemBody>(status, Problem.ContentType);
        // Whoever asks has to be known first.
        foreach (var status in (int[])[StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status503ServiceUnavailable])
            if (!statuses.Contains(status)) endpoint.Produces<ProblemBody>(status, Problem.ContentType);
        return endpoint;
    }
}
