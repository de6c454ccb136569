using System.Text;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Microsoft.Extensions.DependencyInjection;

namespace Perdure.AspNetCore.Tests;

public sealed class EventsOverHttp
{
    private static string Type(JsonElement e) => e.GetProperty("type").GetString()!;
    private static string Id(JsonElement e) => e.GetProperty("id").GetString()!;
    private static bool IsEndOf(JsonElement e, string instance) => Type(e) == "perdure.instance.ended" && e.GetProperty("instance").GetString() == instance;

    [Fact]
    public async Task A_stream_cut_anywhere_goes_on_without_loss_or_repetition()
    {
        await using var app = await TestApp.Start();
        List<string> ids = [];
        foreach (var mood in (string[])["calm", "gusty", "stormy", "calm", "stormy", "gusty"]) ids.Add(await app.Started(mood));
        foreach (var id in ids) await app.Ended(id);
        var end = await app.Engine.Views.FeedEnd(default);

        List<string> whole = [];
        using (var listener = await EventListener.Open(app.Http, "/api/events?after=0"))
            do whole.Add(await listener.Next());
            while (!(Id(JsonElement.Parse(whole[^1])) is var id && id.StartsWith($"{end}.", StringComparison.Ordinal) && Type(JsonElement.Parse(whole[^1])) == "perdure.instance.ended"));
        Assert.True(whole.Count > 40);
        Assert.Equal(whole.Count, whole.Select(e => Id(JsonElement.Parse(e))).Distinct().Count());

        // Cut after every third event, in the midst of records too.
        List<string> pieces = [];
        string? last = null;
        while (pieces.Count < whole.Count)
        {
            using var listener = await EventListener.Open(app.Http, "/api/events?after=0", last);
            for (var i = 0; i < 3 && pieces.Count < whole.Count; i++) pieces.Add(await listener.Next());
            last = listener.LastId;
        }
        Assert.Equal(whole, pieces);
    }

    [Fact]
    public async Task A_stream_follows_what_happens_and_filters()
    {
        await using var app = await TestApp.Start();
        using var all = await EventListener.Open(app.Http, "/api/events");
        using var changes = await EventListener.Open(app.Http, "/api/events?type=perdure.state.changed&workflow=parcels");
        using var lines = await EventListener.Open(app.Http, "/api/events", accept: "application/x-ndjson");
        var id = await app.Started();
        var told = await all.Until(e => IsEndOf(e, id));
        Assert.Equal("perdure.instance.started", Type(told[0]));
        var first = await changes.NextJson();
        var second = await changes.NextJson();
        Assert.Equal(("Received", "In_Custody"), (first.GetProperty("data").GetProperty("from").GetString(), first.GetProperty("data").GetProperty("to").GetString()));
        Assert.Equal(("In_Custody", "DELIVERED"), (second.GetProperty("data").GetProperty("from").GetString(), second.GetProperty("data").GetProperty("to").GetString()));
        Assert.Equal((2, 3), (first.GetProperty("visit").GetInt32(), second.GetProperty("visit").GetInt32()));
        Assert.Equal(told.Select(e => e.GetRawText()), (await lines.Until(e => IsEndOf(e, id))).Select(e => e.GetRawText()));
        using var resumed = await EventListener.Open(app.Http, $"/api/events?instance={id}&after=0");
        Assert.Equal(told.Count, (await resumed.Until(e => IsEndOf(e, id))).Count);
    }

    [Fact]
    public async Task Failures_undoing_and_ends_are_told_in_full()
    {
        await using var app = await TestApp.Start();
        using var stream = await EventListener.Open(app.Http, "/api/events");
        var id = await app.Started("stormy");
        var told = await stream.Until(e => IsEndOf(e, id));
        var failed = told.Single(e => Type(e) == "perdure.step.failed");
        var data = failed.GetProperty("data");
        Assert.Equal(("carry", "weather.storm", false, false), (data.GetProperty("operation").GetString(), data.GetProperty("code").GetString(), data.GetProperty("transient").GetBoolean(), data.GetProperty("unknown").GetBoolean()));
        Assert.Contains(data.GetProperty("causes").EnumerateArray(), c => c.GetProperty("message").GetString()!.Contains("force 11", StringComparison.Ordinal));
        Assert.Equal(("In_Custody", 2, 1), (failed.GetProperty("state").GetString(), failed.GetProperty("visit").GetInt32(), failed.GetProperty("attempt").GetInt32()));

        var ended = told[^1].GetProperty("data");
        Assert.Equal(((await app.Get($"/api/instances/{id}")).GetProperty("head").GetString(), true), (ended.GetProperty("head").GetString(), ended.GetProperty("revoked").GetBoolean()));
        var verified = await app.Get($"/api/instances/{id}/verify?version={ended.GetProperty("records").GetInt64()}&head={ended.GetProperty("head").GetString()}");
        Assert.True(verified.GetProperty("intact").GetBoolean());
    }

    [Fact]
    public async Task Names_are_known_wherever_the_reading_begins()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started("stormy");
        await app.Ended(id);
        await Same_from_anywhere(app, id);
    }

    private static async Task Same_from_anywhere(TestApp app, string id)
    {
        List<JsonElement> whole;
        using (var listener = await EventListener.Open(app.Http, "/api/events?after=0")) whole = await listener.Until(e => IsEndOf(e, id));
        // Each event is the same for a node that reads nothing before it.
        for (var i = 0; i < whole.Count - 1; i++)
        {
            var feed = new EventFeed(app.Engine, app.Store, app.Services.GetRequiredService<EventMapping>());
            Assert.True(EventPlace.TryParse(Id(whole[i]), out var place));
            var (events, _) = await feed.Read().Next(place, default);
            Assert.Equal(whole[i + 1].GetRawText(), Encoding.UTF8.GetString(events[0].Json.Span));
        }
    }

    [Fact]
    public async Task Every_event_is_a_cloud_event_and_fits_its_schema()
    {
        await using var app = await TestApp.Start();
        using var stream = await EventListener.Open(app.Http, "/api/events");
        var ids = new List<string>();
        foreach (var mood in (string[])["calm", "gusty", "stormy", "broken", "shy"]) ids.Add(await app.Started(mood));
        var held = await app.Started(weight: 500);
        await app.Until(held, i => i.GetProperty("phase").GetString() == "gate");
        await app.Post($"/api/gates/{held}.2/decision", """{"approved":false,"why":"no"}""");
        await app.Until(ids[4], i => i.GetProperty("status").GetString() == "waiting");
        await app.Post($"/api/instances/{ids[4]}/pause", null);
        await app.Post($"/api/instances/{ids[4]}/resume", null);
        await app.Post($"/api/instances/{ids[4]}/signals/nudge", """{"text":"go"}""", ("Idempotency-Key", "m"));
        await app.Until(ids[3], i => i.GetProperty("status").GetString() == "incident");
        await app.Post($"/api/instances/{ids[3]}/cancel", """{"reason":"torn"}""");
        foreach (var id in ids.Append(held)) await app.Ended(id);
        await app.Post($"/api/instances/{held}/pause", null);
        var events = await stream.Until(e => Type(e) == "perdure.command.refused");

        HashSet<string> seen = [];
        foreach (var e in events)
        {
            var decoded = new JsonEventFormatter().DecodeStructuredModeMessage(Encoding.UTF8.GetBytes(e.GetRawText()), null, null);
            Assert.True(decoded.IsValid);
            Assert.Equal(CloudEventsSpecVersion.V1_0, decoded.SpecVersion);
            Fits(e, JsonElement.Parse(await app.Http.GetStringAsync("/api/events/schemas/" + e.GetProperty("dataschema").GetString()!.Split(':')[^1])));
            seen.Add(Type(e));
        }
        foreach (var type in (string[])["instance.started", "state.changed", "instance.ended", "gate.opened", "gate.decided", "step.started", "step.succeeded", "step.retry-scheduled", "step.failed",
            "signal.awaited", "signal.received", "signal.consumed", "instance.paused", "instance.resumed", "incident.raised", "page.raised", "instance.cancel-requested", "command.refused"])
            Assert.Contains("perdure." + type, seen);
        Assert.DoesNotContain("Kai 1", string.Concat(events.Select(e => e.GetRawText())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_refused_request_and_command_is_told_and_counted_with_its_code()
    {
        await using var app = await TestApp.Start();
        using var stream = await EventListener.Open(app.Http, "/api/events?type=perdure.command.refused");
        (string, string) key = ("Idempotency-Key", "k-1");
        var first = await app.StartParcel(TestApp.Parcel("P-1", "shy"), "k-1");
        var id = first.Headers.Location!.ToString().Split('/')[^1];
        await Told(await app.StartParcel(TestApp.Parcel("P-1", "shy", weight: 6), "k-1"), 422, "key.reused", id);
        await Told(await app.StartParcel(TestApp.Parcel("P-1", "shy"), "k-2"), 409, "business-key.taken", id);
        await Told(await app.StartParcel("""{"parcelId":"P-2","weight":"heavy"}"""), 400, "input.invalid", null);
        await Told(await app.Post("/api/workflows/nothing/instances", TestApp.Parcel("P-3"), key), 404, "workflow.not-found", null);
        await Told(await app.Post($"/api/gates/{id}.7/decision", """{"approved":true}"""), 409, "gate.not-open", id);
        // A repeat is no refusal.
        Assert.Equal(200, (int)(await app.StartParcel(TestApp.Parcel("P-1", "shy"), "k-1")).StatusCode);
        await Told(await app.Post($"/api/instances/{id}/retry", "{}"), 409, "incident.none", id);

        var metrics = await app.Http.GetStringAsync("/metrics");
        foreach (var code in (string[])["key.reused", "business-key.taken", "input.invalid", "workflow.not-found", "gate.not-open", "incident.none"])
            Assert.Contains($"perdure_refusals_total{{otel_scope_name=\"Perdure\",code=\"{code}\"}}", metrics, StringComparison.Ordinal);

        async Task Told(HttpResponseMessage answer, int status, string code, string? instance)
        {
            await Problem.Is(answer, status, code);
            var told = await stream.NextJson();
            Assert.Equal(code, told.GetProperty("data").GetProperty("code").GetString());
            var message = told.GetProperty("data").GetProperty("message").GetString()!;
            Assert.DoesNotContain("{", message, StringComparison.Ordinal);
            Assert.Equal(instance, told.TryGetProperty("instance", out var about) ? about.GetString() : null);
        }
    }

    [Fact]
    public async Task Every_event_of_an_instance_says_whose_it_is_and_every_attempt_which()
    {
        await using var app = await TestApp.Start();
        foreach (var type in EventType.All.Where(t => t != EventType.Refused))
        {
            var required = JsonElement.Parse(await app.Http.GetStringAsync("/api/events/schemas/" + type.Name)).GetProperty("required").EnumerateArray().Select(r => r.GetString()).ToList();
            foreach (var name in (string[])["subject", "instance", "namespace", "workflow", "version", "state", "visit"]) Assert.True(required.Contains(name), $"{type.Name} may lack {name}");
        }
        foreach (var type in (EventType[])[EventType.StepStarted, EventType.StepSucceeded, EventType.StepRetrying, EventType.StepFailed, EventType.StepParked, EventType.UndoStarted, EventType.UndoSucceeded, EventType.UndoRetrying])
            Assert.Contains("\"attempt\"", JsonElement.Parse(await app.Http.GetStringAsync("/api/events/schemas/" + type.Name)).GetProperty("required").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Event_types_are_all_documented()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "events.md"));
        foreach (var type in EventType.All) Assert.Contains($"`{type.Name}`", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_lines_in_a_file_hold_every_event_once_over_restarts()
    {
        using var folder = new Folder();
        var file = Path.Combine(folder.Path, "events.jsonl");
        for (var run = 0; run < 3; run++)
        {
            await using var app = await TestApp.Start(folder.Path, o => o.JsonLines = file);
            await app.Ended(await app.Started("gusty"));
            // The second run is stopped at once: what is missing comes after the restart.
            if (run != 1) await Written(file, $"\"id\":\"{await app.Engine.Views.FeedEnd(default)}.");
        }
        var lines = await Lines(file);
        Assert.Equal(3, lines.Count(l => Type(JsonElement.Parse(l)) == "perdure.instance.ended"));
        Assert.Equal(lines.Count, lines.Select(l => Id(JsonElement.Parse(l))).Distinct().Count());
    }

    [Fact]
    public async Task A_half_written_last_line_is_cut_off()
    {
        using var folder = new Folder();
        var path = Path.Combine(folder.Path, "events.jsonl");
        await File.WriteAllTextAsync(path, "{\"id\":\"7.1\"}\n{\"id\":\"refusal.x\"}\n{\"id\":\"8.0\",\"ty");
        await using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        Assert.Equal(new EventPlace(7, 1), JsonLinesFile.Resume(file)![0]);
        Assert.Equal("{\"id\":\"7.1\"}\n{\"id\":\"refusal.x\"}\n".Length, file.Length);
    }

    [Fact]
    public async Task Undoing_is_told_by_name_from_whatever_visit()
    {
        await using var app = await TestApp.Start();
        using var stream = await EventListener.Open(app.Http, "/api/events");
        var id = await app.Started("refused");
        var told = await stream.Until(e => IsEndOf(e, id));
        var undone = told.Where(e => Type(e) == "perdure.undo.succeeded").Select(e => e.GetProperty("data").GetProperty("step").GetString()).ToList();
        Assert.Equal(["carry", "fetch"], undone);
        Assert.All(told.Where(e => Type(e).StartsWith("perdure.undo.", StringComparison.Ordinal)), e => Assert.Equal(1, e.GetProperty("attempt").GetInt32()));
        Assert.Contains(told, e => Type(e) == "perdure.state.leaving" && e.GetProperty("data").GetProperty("compensates").GetBoolean());
        await Same_from_anywhere(app, id);
        var steps = (await app.Get($"/api/instances/{id}")).GetProperty("steps").EnumerateArray().Where(s => s.TryGetProperty("undone", out _)).Select(s => s.GetProperty("name").GetString());
        Assert.Equal(["fetch", "carry"], steps);
    }

    // While nothing is read of the feed, an instance comes, ends and is removed with its history.
    private static async Task Overtake(TestApp app)
    {
        app.Store.FeedHeld = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await app.Ended(await app.Started());
        await app.Store.Retention!.Remove(DateTimeOffset.UtcNow.AddHours(1), default, 100, default);
        app.Store.FeedHeld.SetResult();
    }

    [Theory]
    [InlineData("text/event-stream", false)]
    [InlineData("text/event-stream", true)]
    [InlineData("application/x-ndjson", false)]
    [InlineData("application/x-ndjson", true)]
    public async Task A_stream_that_removal_overtakes_while_it_is_open_ends_and_going_on_is_answered_with_where_to(string accept, bool alone)
    {
        await using var app = await TestApp.Start();
        var first = await app.Started();
        await app.Ended(first);
        using var other = alone ? null : await EventListener.Open(app.Http, "/api/events");
        using var listener = await EventListener.Open(app.Http, "/api/events?after=0", accept: accept);
        var told = await listener.Until(e => IsEndOf(e, first));
        await Overtake(app);
        await Assert.ThrowsAsync<EndOfStreamException>(listener.Next);
        if (other is not null) await Assert.ThrowsAsync<EndOfStreamException>(other.Next);

        var last = listener.LastId ?? Id(told[^1]);
        var gone = await app.Http.GetAsync($"/api/events?after={last}");
        await Problem.Is(gone, 410, "events.removed");
        var place = System.Text.RegularExpressions.Regex.Match(await gone.Content.ReadAsStringAsync(), "one from ([0-9.]+) misses").Groups[1].Value;
        using var resumed = await EventListener.Open(app.Http, $"/api/events?after={place}", accept: accept);
        var third = await app.Started();
        var rest = await resumed.Until(e => IsEndOf(e, third));
        Assert.All(rest, e => Assert.Equal(third, e.GetProperty("instance").GetString()));
        Assert.Equal("perdure.instance.started", Type(rest[0]));
    }

    [Fact]
    public async Task Json_lines_that_removal_overtakes_say_so_in_the_log_and_go_on_with_what_is_there()
    {
        using var folder = new Folder();
        var file = Path.Combine(folder.Path, "events.jsonl");
        await using var app = await TestApp.Start(folder.Path, o => o.JsonLines = file);
        var first = await app.Started();
        await app.Ended(first);
        await Written(file, $"\"id\":\"{await app.Engine.Views.FeedEnd(default)}.");
        await Overtake(app);
        var third = await app.Started();
        await app.Ended(third);
        await Written(file, $"\"id\":\"{await app.Engine.Views.FeedEnd(default)}.");
        Assert.Contains(app.Logs.Lines, l => l.Level == Microsoft.Extensions.Logging.LogLevel.Error && l.Text.Contains("Events are missing", StringComparison.Ordinal));
        var lines = (await Lines(file)).Select(l => JsonElement.Parse(l)).ToList();
        Assert.Equal([first, third], lines.Where(e => Type(e) == "perdure.instance.ended").Select(e => e.GetProperty("instance").GetString()));
        Assert.Equal(lines.Count, lines.Select(Id).Distinct().Count());
    }

    private static async Task Written(string file, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var changed = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(file)!, Path.GetFileName(file));
        watcher.Changed += (_, _) => changed.Release();
        watcher.EnableRaisingEvents = true;
        while (!(await Lines(file)).Any(l => l.Contains(text, StringComparison.Ordinal))) await changed.WaitAsync(limit.Token);
    }

    private static async Task<IReadOnlyList<string>> Lines(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    // The part of JSON Schema that our schemas use.
    private static void Fits(JsonElement value, JsonElement schema)
    {
        if (schema.TryGetProperty("const", out var constant)) Assert.Equal(constant.GetString(), value.GetString());
        if (!schema.TryGetProperty("type", out var type)) return;
        switch (type.GetString())
        {
            case "object":
                var properties = schema.GetProperty("properties");
                foreach (var property in value.EnumerateObject())
                {
                    if (properties.TryGetProperty(property.Name, out var known)) Fits(property.Value, known);
                    else Assert.Fail($"{property.Name} is not in the schema: {value.GetRawText()}");
                }
                foreach (var required in schema.GetProperty("required").EnumerateArray()) Assert.True(value.TryGetProperty(required.GetString()!, out _), $"{required} is missing: {value.GetRawText()}");
                break;
            case "array":
                foreach (var item in value.EnumerateArray()) Fits(item, schema.GetProperty("items"));
                break;
            case "integer": Assert.True(value.TryGetInt64(out _), value.GetRawText()); break;
            case "boolean": Assert.True(value.ValueKind is JsonValueKind.True or JsonValueKind.False); break;
            default: Assert.Equal(JsonValueKind.String, value.ValueKind); break;
        }
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Perdure.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
