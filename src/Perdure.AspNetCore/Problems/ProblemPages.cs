using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>Gives every error that left no document one: those of routing (404, 405, 415) and exceptions, of which nothing is told but the trace id.</summary>
internal sealed partial class ProblemPages(RequestDelegate next, ILogger<ProblemPages> log)
{
    public async Task Invoke(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException e)
        {
            await Answer(context, Bad(e));
            return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (StoreException e)
        {
            Away(log, e, context.Request.Method, context.Request.Path);
            await Answer(context, new(StatusCodes.Status503ServiceUnavailable, e.Code, "The store does not answer now.") { RetryAfter = TimeSpan.FromSeconds(1) });
            return;
        }
        catch (InstanceErasedException e)
        {
            await Answer(context, new(StatusCodes.Status410Gone, e.Code, e.Message) { Instance = e.Row.Id });
            return;
        }
        catch (HistoryFormatException e)
        {
            Unread(log, e, context.Request.Method, context.Request.Path);
            await Answer(context, new(StatusCodes.Status503ServiceUnavailable, "instance.unreadable", "This node's build cannot read what is stored: a newer one wrote it, or it is damaged. Another node may.") { RetryAfter = TimeSpan.FromSeconds(1) });
            return;
        }
        catch (Exception e)
        {
            Unhandled(log, e, context.Request.Method, context.Request.Path);
            await Answer(context, new(StatusCodes.Status500InternalServerError, "internal", $"Something went wrong here. The log has it under the trace {Trace(context)}."));
            return;
        }
        var response = context.Response;
        if (response.StatusCode >= 400 && response is { HasStarted: false, ContentLength: null or 0, ContentType: null } && !HttpMethods.IsHead(context.Request.Method))
            await Of(context).ExecuteAsync(context);
    }

    /// <summary>What a request that cannot be read gets.</summary>
    public static Problem Bad(BadHttpRequestException e) => e.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => new(e.StatusCode, "body.too-large", "The body is larger than this server takes."),
        StatusCodes.Status431RequestHeaderFieldsTooLarge => new(e.StatusCode, "headers.too-large", "The header is larger than this server takes."),
        StatusCodes.Status414UriTooLong => new(e.StatusCode, "path.too-long", "The request line is longer than this server takes."),
        StatusCodes.Status408RequestTimeout => new(e.StatusCode, "request.timeout", "The request did not arrive in time."),
        >= 400 and < 500 and not 400 => new(e.StatusCode, "request.refused", "The request cannot be taken as it is."),
        _ => new(StatusCodes.Status400BadRequest, "request.malformed", "The request is not well-formed HTTP."),
    };

    private static Problem Of(HttpContext context) => context.Response.StatusCode switch
    {
        400 => new(400, "request.malformed", "The request does not have the form that this path takes."),
        404 => new(404, "path.not-found", "There is nothing at this path."),
        405 => new(405, "method.not-allowed", $"{context.Request.Method} is not possible here. Allowed: {context.Response.Headers.Allow}."),
        415 => new(415, "body.content-type", "A body is taken as JSON in UTF-8: Content-Type: application/json."),
        var status => new(status, "http." + status.ToString(System.Globalization.CultureInfo.InvariantCulture), "The request was refused."),
    };

    private static async Task Answer(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        await problem.ExecuteAsync(context);
    }

    private static string Trace(HttpContext context) => Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store did not answer {Method} {Path}")]
    private static partial void Away(ILogger log, Exception e, string method, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "What is stored cannot be read for {Method} {Path}")]
    private static partial void Unread(ILogger log, Exception e, string method, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "Unhandled in {Method} {Path}")]
    private static partial void Unhandled(ILogger log, Exception e, string method, string path);
}
