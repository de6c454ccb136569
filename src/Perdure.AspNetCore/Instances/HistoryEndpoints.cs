using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>An event of the history.</summary>
internal sealed record HistoryEvent(long Version, int Index, DateTimeOffset At, string Type, JsonElement Data, string Hash);

/// <summary>A record of the history: what was written at once, and its link in the hash chain.</summary>
internal sealed record HistoryRecord(long Version, DateTimeOffset At, string Hash, long Position, int Events, bool Erased);

/// <summary>A page of a history; <paramref name="Next"/> is the version to go on from.</summary>
internal sealed record HistoryPage(string Instance, IReadOnlyList<HistoryEvent> Events, IReadOnlyList<HistoryRecord> Records, long? Next);

/// <summary>What checking a history found.</summary>
internal sealed record VerifyBody(string Instance, bool Intact, long Records, long? BrokenAt, string? Problem, string Head);

/// <summary>Shows and checks histories.</summary>
internal static class HistoryEndpoints
{
    // A record may be large: few at once, and a page is full by bytes too.
    private const int Chunk = 32, BytesMax = 4 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/instances/{id}/history", History).WithName("GetHistory").WithSummary("What happened to an instance, in order, with the hash chain.")
            .Produces<HistoryPage>().Problems(400, 404, 410).RequireAuthorization(Policies.Reader);
        api.MapGet("/instances/{id}/verify", Verify).WithName("VerifyHistory").WithSummary("Checks the hash chain, against a known head too where one is given.")
            .Produces<VerifyBody>().Problems(400, 404, 410).RequireAuthorization(Policies.Reader);
    }

    private static async Task<IResult> History(HttpContext context, string id, IPerdure perdure)
    {
        var query = new Query(context, "from", "limit", OldReads.Parameter);
        var from = query.Number("from", 1, long.MaxValue) ?? 1;
        var limit = (int)(query.Number("limit", 1, 1_000) ?? 200);
        var stale = query.Flag(OldReads.Parameter);
        if (query.Problem is { } problem) return problem;
        var reads = perdure.Reads(context, stale);
        if (!InstanceId.TryParse(id, out var instance) || await reads.Find(instance, context.RequestAborted) is null) return await Answers.Missing(id, reads, context.RequestAborted);
        List<HistoryEvent> events = [];
        List<HistoryRecord> records = [];
        var bytes = 0L;
        while (true)
        {
            var stored = await reads.Records(instance, from, Chunk, context.RequestAborted);
            foreach (var record in stored)
            {
                if (records.Count == limit || (bytes += record.Body.Length) > BytesMax && records.Count > 0) return Wire.Ok(new HistoryPage(instance.ToString(), events, records, record.Version));
                var hash = Wire.Hex(record.Hash);
                var index = 0;
                foreach (var @event in Trails.Decode(record)) events.Add(new(record.Version, index++, record.At, EventTypes.NameOf(@event), Data(@event), hash));
                records.Add(new(record.Version, record.At, hash, record.Position, index, record.IsErased));
            }
            if (stored.Count < Chunk) return Wire.Ok(new HistoryPage(instance.ToString(), events, records, null));
            from = stored[^1].Version + 1;
        }
    }

    private static async Task<IResult> Verify(HttpContext context, string id, IPerdure perdure)
    {
        var query = new Query(context, "version", "head");
        var version = query.Number("version", 1, long.MaxValue);
        var head = query.Long("head", 64);
        byte[]? hash = null;
        if (head is not null && (head.Length != 64 || !head.All(char.IsAsciiHexDigit))) query.Fault("head", "64 hexadecimal digits are taken.");
        else if (head is not null) hash = Convert.FromHexString(head);
        if (version is null != head is null) query.Fault("head", "A known head is a version and its hash: give both.");
        if (query.Problem is { } problem) return problem;
        if (!InstanceId.TryParse(id, out var instance) || await perdure.Views.Find(instance, context.RequestAborted) is null) return await Answers.Missing(id, perdure.Reads(), context.RequestAborted);
        var found = await perdure.Views.Verify(instance, hash is null ? null : (version!.Value, hash), context.RequestAborted);
        return Wire.Ok(new VerifyBody(instance.ToString(), found.Intact, found.Records, found.BrokenAt, found.Problem, Wire.Hex(found.Head)));
    }

    // The event as it is stored, without its type.
    private static JsonElement Data(Event @event)
    {
        using var stored = new MemoryStream();
        using (var json = new Utf8JsonWriter(stored)) EventCodec.Write(json, @event);
        using var document = JsonDocument.Parse(stored.ToArray());
        using var data = new MemoryStream();
        using (var json = new Utf8JsonWriter(data))
        {
            json.WriteStartObject();
            foreach (var property in document.RootElement.EnumerateObject())
                if (property.Name != "type") property.WriteTo(json);
            json.WriteEndObject();
        }
        return JsonElement.Parse(data.ToArray());
    }
}
