using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>The stream of events, and their schemas.</summary>
internal static class EventEndpoints
{
    private const string JsonLines = "application/x-ndjson", ServerSent = "text/event-stream";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/events", Stream).WithName("FollowEvents").WithSummary("All events behind a place, without end: CloudEvents as server-sent events or JSON lines.")
            .Produces(StatusCodes.Status200OK, contentType: ServerSent, additionalContentTypes: JsonLines).RequireAuthorization(Policies.Reader);
        api.MapGet("/events/schemas", () => Wire.Ok(new { types = EventType.All.Select(t => new { t.Name, t.Says, schema = "/api/events/schemas/" + t.Name }) }))
            .WithName("ListEventTypes").WithSummary("The types of events.").RequireAuthorization(Policies.Reader);
        api.MapGet("/events/schemas/{type}", Schema).WithName("GetEventSchema").WithSummary("The JSON schema of a type of event.").RequireAuthorization(Policies.Reader);
    }

    private static IResult Schema(string type) => EventType.ByName.TryGetValue(type, out var found)
        ? TypedResults.Text(EventSchema.Of(found).ToJsonString(new JsonSerializerOptions { WriteIndented = true }), "application/schema+json")
        : new Problem(StatusCodes.Status404NotFound, "event.unknown", "There is no such type of event.");

    private static async Task<IResult> Stream(HttpContext context, EventStreams streams, IHostApplicationLifetime life)
    {
        var query = new Query(context, "workflow", "instance", "type", "after");
        var workflow = query.Value("workflow");
        InstanceId? instance = null;
        if (query.Value("instance") is { } id)
        {
            if (InstanceId.TryParse(id, out var parsed)) instance = parsed;
            else query.Fault("instance", "This is no instance's id.");
        }
        var type = query.Value("type");
        if (type is not null && !EventType.ByName.ContainsKey(type)) query.Fault("type", "There is no such type of event.");
        EventPlaces? after = null;
        if ((context.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } last] ? last : query.Value("after")) is { } place)
        {
            if (EventPlaces.TryParse(place, out var parsed)) after = parsed;
            else query.Fault("after", "This is no event's id.");
        }
        if (Lines(context.Request) is not { } lines) return new Problem(StatusCodes.Status406NotAcceptable, "accept.unknown", $"Events come as {ServerSent} or {JsonLines}.");
        if (query.Problem is { } problem) return problem;
        if (after is { } known && await streams.Missed(known, context.RequestAborted) is { } begin)
            return new Problem(StatusCodes.Status410Gone, "events.removed",
                $"Of what came behind this place, records of instances that have ended were removed. What is left of it is told by a stream from 0; one from {begin} misses nothing more.");
        if (!streams.TryEnter()) return new Problem(StatusCodes.Status503ServiceUnavailable, "events.too-many", "Too many streams are open.") { RetryAfter = TimeSpan.FromSeconds(5) };
        try
        {
            using var until = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, life.ApplicationStopping);
            await Write(context, streams, after, new(workflow, instance, type), lines, until.Token);
        }
        catch (OperationCanceledException)
        {
            // The listener went away, or the node stops: both end a stream, and the listener goes on from its last id.
        }
        catch (EventsRemovedException)
        {
            // It was overtaken: the stream ends, and going on from its last id is answered with what happened.
        }
        finally
        {
            streams.Leave();
        }
        return TypedResults.Empty;
    }

    private static async Task Write(HttpContext context, EventStreams streams, EventPlaces? after, EventFilter filter, bool lines, CancellationToken cancellation)
    {
        var response = context.Response;
        var from = after ?? await streams.End(cancellation);
        response.ContentType = lines ? JsonLines : ServerSent;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var writer = response.BodyWriter;
        // An id without data is no event, but a listener that is cut off before its first one resumes from here.
        if (!lines) Put(after is null ? $": perdure events\nid: {from}\n\n" : ": perdure events\n\n");
        await writer.FlushAsync(cancellation);
        await foreach (var (beat, told, at) in streams.Follow(from, filter, cancellation))
        {
            switch (beat)
            {
                case StreamBeat.Event when lines:
                    writer.Write(told!.Json.Span);
                    Put("\n");
                    break;
                case StreamBeat.Event:
                    if (told!.Position > 0) Put($"id: {at}\n");
                    Put("data: ");
                    writer.Write(told.Json.Span);
                    Put("\n\n");
                    break;
                case StreamBeat.Heartbeat when lines: Put("\n"); break;
                case StreamBeat.Heartbeat: Put(": heartbeat\n\n"); break;
            }
            if (beat != StreamBeat.Event || writer.UnflushedBytes > 32_768) await writer.FlushAsync(cancellation);
        }

        void Put(string text) => Encoding.UTF8.GetBytes(text, writer);
    }

    private static bool? Lines(HttpRequest request)
    {
        if (request.Headers.Accept.Count == 0) return false;
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted)) return null;
        foreach (var type in accepted.OrderByDescending(t => t.Quality ?? 1))
        {
            if (type.MediaType.Equals(JsonLines, StringComparison.OrdinalIgnoreCase) || type.MediaType.Equals("application/jsonl", StringComparison.OrdinalIgnoreCase)) return true;
            if (type.MediaType.Equals(ServerSent, StringComparison.OrdinalIgnoreCase) || type.MatchesAllTypes || type.MediaType.Equals("text/*", StringComparison.OrdinalIgnoreCase)) return false;
        }
        return null;
    }
}
