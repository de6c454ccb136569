using System.Net.Http.Json;
using System.Text.Json;

namespace Perdure.AspNetCore.Tests;

public sealed class AnInstanceOverHttp
{
    [Fact]
    public async Task Runs_to_its_end_and_shows_every_step()
    {
        await using var app = await TestApp.Start();
        var answer = await app.StartParcel(TestApp.Parcel("P-1", "gusty"), "k-1");
        Assert.Equal(201, (int)answer.StatusCode);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        var id = body.GetProperty("id").GetString()!;
        Assert.Equal($"/api/instances/{id}", answer.Headers.Location!.ToString());
        Assert.Equal(("parcels", 1, "k-1"), (body.GetProperty("workflow").GetString(), body.GetProperty("version").GetInt32(), body.GetProperty("key").GetString()));

        var ended = await app.Ended(id);
        Assert.Equal("DELIVERED", ended.GetProperty("state").GetString());
        Assert.Equal("ended", ended.GetProperty("phase").GetString());
        Assert.Equal("P-1", ended.GetProperty("businessKey").GetString());
        var carry = ended.GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "carry");
        Assert.Equal(3, carry.GetProperty("attempts").GetInt32());
        Assert.Equal("succeeded", carry.GetProperty("status").GetString());
        Assert.Equal("weather.gust", ended.GetProperty("lastError").GetProperty("code").GetString());
        Assert.Equal(64, ended.GetProperty("head").GetString()!.Length);
    }

    [Fact]
    public async Task A_repeat_is_answered_alike_and_another_payload_is_refused()
    {
        await using var app = await TestApp.Start();
        var first = await app.StartParcel(TestApp.Parcel("P-1"), "k-1");
        var again = await app.StartParcel(" " + TestApp.Parcel("P-1"), "k-1");
        Assert.Equal((201, 200), ((int)first.StatusCode, (int)again.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        await Problem.Is(await app.StartParcel(TestApp.Parcel("P-1", weight: 6), "k-1"), 422, "key.reused");
        var taken = await app.StartParcel(TestApp.Parcel("P-1"), "k-2");
        Assert.Equal(first.Headers.Location, taken.Headers.Location);
        await Problem.Is(taken, 409, "business-key.taken");
    }

    [Fact]
    public async Task A_removed_instance_is_gone_and_its_start_again_is_answered_alike()
    {
        await using var app = await TestApp.Start();
        var first = await app.StartParcel(TestApp.Parcel("P-1"), "k-1");
        var id = (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        await app.Ended(id);
        var end = await app.Engine.Views.FeedEnd(default);
        Assert.Equal(1, (await app.Store.Retention!.Remove(DateTimeOffset.UtcNow.AddHours(1), default, 10, default)).Removed);
        foreach (var path in (string[])["", "/history", "/verify"]) await Problem.Is(await app.Http.GetAsync($"/api/instances/{id}{path}"), 410, "instance.removed");
        foreach (var command in (string[])["cancel", "pause", "resume", "retry"]) await Problem.Is(await app.Post($"/api/instances/{id}/{command}", null), 410, "instance.removed");
        await Problem.Is(await app.Post($"/api/instances/{id}/signals/proof", "{}", ("Idempotency-Key", "m")), 410, "instance.removed");
        await Problem.Is(await app.Post($"/api/gates/{id}.1/decision", """{"approved":true}"""), 410, "instance.removed");
        var again = await app.StartParcel(TestApp.Parcel("P-1"), "k-1");
        Assert.Equal(200, (int)again.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
        await Problem.Is(await app.StartParcel(TestApp.Parcel("P-1", weight: 6), "k-1"), 422, "key.reused");

        await Problem.Is(await app.Http.GetAsync("/api/events?after=1"), 410, "events.removed");
        foreach (var place in (long[])[0, end])
        {
            using var told = await app.Http.GetAsync($"/api/events?after={place}", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(200, (int)told.StatusCode);
        }
        await app.Store.Retention.RemoveKeys(DateTimeOffset.UtcNow.AddHours(1), 10, default);
        await Problem.Is(await app.Http.GetAsync($"/api/instances/{id}"), 404, "instance.not-found");
    }

    [Fact]
    public async Task A_gate_is_listed_and_decided_once()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started(weight: 500);
        await app.Until(id, i => i.GetProperty("phase").GetString() == "gate");
        var gate = (await app.Get("/api/gates")).GetProperty("gates")[0];
        var gateId = gate.GetProperty("id").GetString()!;
        Assert.Equal("customs", gate.GetProperty("role").GetString());
        Assert.Equal("the gate", (await app.Get($"/api/gates/{gateId}")).GetProperty("data").GetProperty("where").GetString());

        var decision = """{"approved":true,"why":"papers in order"}""";
        Assert.Equal(200, (int)(await app.Post($"/api/gates/{gateId}/decision", decision, ("X-Perdure-User", "Ada"))).StatusCode);
        Assert.Equal(200, (int)(await app.Post($"/api/gates/{gateId}/decision", decision, ("X-Perdure-User", "Ada"))).StatusCode);
        await app.Ended(id);
        var history = await app.Get($"/api/instances/{id}/history");
        var decided = Assert.Single(history.GetProperty("events").EnumerateArray(), e => e.GetProperty("type").GetString() == "gate.decided");
        Assert.Equal("Ada", decided.GetProperty("data").GetProperty("by").GetString());
    }

    [Fact]
    public async Task A_signal_counts_once_and_may_come_early()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started("shy");
        foreach (var _ in (int[])[1, 2]) Assert.Equal(200, (int)(await app.Post($"/api/instances/{id}/signals/nudge", """{"text":"go"}""", ("Idempotency-Key", "m-1"))).StatusCode);
        await app.Ended(id);
        await Problem.Is(await app.Post($"/api/instances/{id}/signals/nudge", """{"text":"go"}"""), 400, "key.missing");
    }

    [Fact]
    public async Task Operators_pause_resume_and_cancel()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started("shy");
        await app.Until(id, i => i.GetProperty("status").GetString() == "waiting");
        Assert.Equal(200, (int)(await app.Post($"/api/instances/{id}/pause", null)).StatusCode);
        Assert.Equal("paused", (await app.Get($"/api/instances/{id}")).GetProperty("status").GetString());
        Assert.Equal(200, (int)(await app.Post($"/api/instances/{id}/resume", "{}")).StatusCode);
        Assert.Equal(200, (int)(await app.Post($"/api/instances/{id}/cancel", """{"reason":"lost interest"}""")).StatusCode);
        Assert.Equal("RETURNED", (await app.Ended(id)).GetProperty("state").GetString());
        await Problem.Is(await app.Post($"/api/instances/{id}/pause", null), 409, "instance.ended");
    }

    [Fact]
    public async Task An_incident_is_shown_and_retried()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started("broken");
        var shown = await app.Until(id, i => i.GetProperty("status").GetString() == "incident");
        Assert.Contains("torn", shown.GetProperty("incident").GetProperty("failure").GetProperty("message").GetString(), StringComparison.Ordinal);
        var page = Assert.Single((await app.Get("/api/pages")).GetProperty("pages").EnumerateArray());
        Assert.Equal(id, page.GetProperty("instance").GetString());
        Assert.Equal(200, (int)(await app.Post($"/api/instances/{id}/retry", """{"incident":1,"mode":"again"}""")).StatusCode);
        await app.Until(id, i => i.GetProperty("incidents").GetInt32() == 2);
    }

    [Fact]
    public async Task A_visit_is_begun_anew_where_all_that_it_did_can_be_undone()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started("mislaid");
        await app.Until(id, i => i.GetProperty("status").GetString() == "incident");
        Assert.Equal(200, (int)(await app.Post($"/api/instances/{id}/retry", """{"incident":1,"mode":"restart-visit"}""")).StatusCode);
        var shown = await app.Until(id, i => i.GetProperty("incidents").GetInt32() == 2);
        Assert.Equal(["fetch 1 undone", "fetch 2 "], shown.GetProperty("steps").EnumerateArray().Where(s => s.GetProperty("name").GetString() == "fetch")
            .Select(s => $"fetch {s.GetProperty("generation").GetInt32()} {(s.TryGetProperty("undone", out var undone) && undone.GetBoolean() ? "undone" : "")}"));
        Assert.Equal(2, Assert.Single(shown.GetProperty("stack").EnumerateArray()).GetProperty("generation").GetInt32());
        Assert.Equal(2, shown.GetProperty("visit").GetInt32());

        id = await app.Started("franked");
        await app.Until(id, i => i.GetProperty("status").GetString() == "incident");
        await Problem.Is(await app.Post($"/api/instances/{id}/retry", """{"incident":1,"mode":"restart-visit"}"""), 409, "visit.stands");
        Assert.Equal("incident", (await app.Get($"/api/instances/{id}")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Lists_page_by_cursor_and_histories_verify()
    {
        await using var app = await TestApp.Start();
        List<string> ids = [];
        for (var i = 0; i < 5; i++) ids.Add(await app.Started());
        foreach (var id in ids) await app.Ended(id);
        List<string> seen = [];
        string? cursor = null;
        do
        {
            var page = await app.Get("/api/instances?workflow=parcels&status=ended&limit=2" + (cursor is null ? "" : $"&cursor={cursor}"));
            seen.AddRange(page.GetProperty("instances").EnumerateArray().Select(i => i.GetProperty("id").GetString()!));
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        } while (cursor is not null);
        Assert.Equal(ids.Order(StringComparer.Ordinal), seen.Order(StringComparer.Ordinal));

        var history = await app.Get($"/api/instances/{ids[0]}/history?limit=2");
        Assert.True(history.GetProperty("next").GetInt64() == 3);
        var head = history.GetProperty("records")[1].GetProperty("hash").GetString();
        Assert.True((await app.Get($"/api/instances/{ids[0]}/verify?version=2&head={head}")).GetProperty("intact").GetBoolean());
        Assert.False((await app.Get($"/api/instances/{ids[0]}/verify?version=2&head={new string('0', 64)}")).GetProperty("intact").GetBoolean());
    }

    [Fact]
    public async Task Maps_metrics_health_and_the_document_are_there()
    {
        await using var app = await TestApp.Start();
        await app.Ended(await app.Started());
        Assert.Equal("Received", (await app.Get("/api/workflows/parcels/versions/1")).GetProperty("start").GetString());
        var drawn = await app.Http.GetAsync("/api/workflows/parcels/versions/1?format=mermaid");
        Assert.Equal("text/vnd.mermaid", drawn.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("stateDiagram-v2", await drawn.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("ready", (await app.Get("/health/ready")).GetProperty("status").GetString());
        Assert.Equal("live", (await app.Get("/health/live")).GetProperty("status").GetString());
        var metrics = await app.Http.GetStringAsync("/metrics");
        Assert.Contains("""perdure_instances{otel_scope_name="Perdure.Node",state="DELIVERED",status="ended",version="1",workflow="parcels"} 1""", metrics, StringComparison.Ordinal);
        foreach (var name in (string[])["perdure_step_duration_seconds_count{", "perdure_step_attempts_total{", "perdure_commit_items_sum{", "perdure_commit_duration_seconds_sum{", "perdure_queue_depth{", "http_server_request_duration_seconds_count{"])
            Assert.Contains(name, metrics, StringComparison.Ordinal);
        var document = await app.Get("/openapi/v1.json");
        Assert.Empty(Microsoft.OpenApi.OpenApiDocument.Parse(document.GetRawText(), "json").Diagnostic!.Errors);
        foreach (var path in (string[])["/api/workflows/{workflow}/instances", "/api/instances/{id}", "/api/events", "/api/gates/{id}/decision", "/health/ready"])
            Assert.True(document.GetProperty("paths").TryGetProperty(path, out _), path);
        app.Store.Away = true;
        Assert.Equal(503, (int)(await app.Http.GetAsync("/health/ready")).StatusCode);
        await Problem.Is(await app.Http.GetAsync("/api/instances"), 503, "store.unavailable");
        app.Store.Away = false;
    }

    [Fact]
    public async Task A_start_that_an_older_map_refuses_is_told_when_to_ask_again_and_what_the_store_waits_for_is_in_the_health_of_a_node_that_is_ready()
    {
        await using var app = await TestApp.Start();
        app.Store.RefusesStarts = "shard.map-older: version 2 is in force here.";
        app.Store.Problems = ["It waits for process 7 on elsewhere."];
        var answer = await app.StartParcel(TestApp.Parcel("P-1"), "key-1");
        await Problem.Is(answer, 503, "shard.map-older");
        Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Contains("version 2 is in force here.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var health = await app.Get("/health/ready");
        Assert.Equal("ready", health.GetProperty("status").GetString());
        Assert.Equal("It waits for process 7 on elsewhere.", Assert.Single(health.GetProperty("problems").EnumerateArray()).GetString());

        (app.Store.RefusesStarts, app.Store.Problems) = (null, []);
        Assert.Equal(201, (int)(await app.StartParcel(TestApp.Parcel("P-1"), "key-1")).StatusCode);
        Assert.Empty((await app.Get("/health/ready")).GetProperty("problems").EnumerateArray());
    }

    [Fact]
    public async Task What_a_newer_build_wrote_or_asks_is_answered_as_what_another_node_may_do()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started();
        app.Store.IsNewer = true;
        var answer = await app.Http.GetAsync($"/api/instances/{id}");
        await Problem.Is(answer, 503, "instance.unreadable");
        Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        app.Store.IsNewer = false;
        Assert.Equal(id, (await app.Get($"/api/instances/{id}")).GetProperty("id").GetString());
        Assert.Equal((503, "inbox.unreadable", TimeSpan.FromSeconds(1)), Answers.Problem(new CommandAnswer.Refused("inbox.unreadable", "Not known.")) is { } said ? (said.Status, said.Code, said.RetryAfter) : default);
    }

    [Fact]
    public async Task What_was_erased_is_said_to_be_and_its_history_still_verifies()
    {
        await using var app = await TestApp.Start();
        var id = await app.Started();
        await app.Ended(id);
        Kernel.InstanceId.TryParse(id, out var instance);
        await app.Store.Erase(instance);
        var problem = await Problem.Is(await app.Http.GetAsync($"/api/instances/{id}"), 410, "instance.erased");
        Assert.Contains("DELIVERED", problem.GetProperty("detail").GetString());
        var history = await app.Get($"/api/instances/{id}/history");
        Assert.Equal(0, history.GetProperty("events").GetArrayLength());
        Assert.All(history.GetProperty("records").EnumerateArray(), record => Assert.True(record.GetProperty("erased").GetBoolean()));
        Assert.True((await app.Get($"/api/instances/{id}/verify")).GetProperty("intact").GetBoolean());
        Assert.Equal("DELIVERED", Assert.Single((await app.Get("/api/instances")).GetProperty("instances").EnumerateArray()).GetProperty("state").GetString());
        Assert.All(await app.Engine.History(instance, 1, 100), record => Assert.Empty(record.Events));
    }

    [Fact]
    public async Task Progress_is_seen_while_a_step_runs()
    {
        await using var app = await TestApp.Start();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Weather.Calm = async (_, _) =>
        {
            running.SetResult();
            await go.Task;
        };
        var id = await app.Started();
        await running.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var carry = (await app.Get($"/api/instances/{id}")).GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "carry");
        Assert.Equal((0.5, "half way"), (carry.GetProperty("progress").GetProperty("fraction").GetDouble(), carry.GetProperty("progress").GetProperty("message").GetString()));
        go.SetResult();
        await app.Ended(id);
    }

    [Fact]
    public async Task What_goes_wrong_here_is_told_without_details()
    {
        await using var app = await TestApp.Start(build: b => Broken.Add(b.Services));
        var problem = await Problem.Is(await app.Http.GetAsync("/api/instances"), 500, "internal");
        Assert.DoesNotContain("secret", problem.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(app.Logs.Lines, l => l.Text.Contains("secret", StringComparison.Ordinal));
    }

    private sealed class Broken : Microsoft.AspNetCore.Hosting.IStartupFilter
    {
        public static void Add(Microsoft.Extensions.DependencyInjection.IServiceCollection services) =>
            services.Add(new(typeof(Microsoft.AspNetCore.Hosting.IStartupFilter), typeof(Broken), Microsoft.Extensions.DependencyInjection.ServiceLifetime.Transient));

        public Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> Configure(Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> next) => app =>
        {
            app.Use(_ => _ => throw new InvalidOperationException("a secret"));
            next(app);
        };
    }
}
