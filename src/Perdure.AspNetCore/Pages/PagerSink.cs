using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>Posts pages in the shape of the PagerDuty Events API v2. The deduplication key is the page's own, so that a repeat is no second page.</summary>
internal sealed class PagerSink : IPageSink, IDisposable
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(5) });
    private readonly PagerOptions _options;
    private readonly TimeProvider _time;

    public PagerSink(IOptions<PerdureHttpOptions> options, TimeProvider time)
    {
        (_options, _time) = (options.Value.Pager, time);
        _http.Timeout = Timeout.InfiniteTimeSpan;
    }

    public string Name => "pager";

    public async Task Deliver(StoredPage page, CancellationToken cancellation)
    {
        if (_options.Url is not { } url) return;
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var content = new ByteArrayContent(Body(page, _options)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        try
        {
            using var answer = await _http.PostAsync(url, content, both.Token);
            if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"The webhook answered {(int)answer.StatusCode}.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"The webhook did not answer within {_options.Timeout}.");
        }
    }

    internal static byte[] Body(StoredPage page, PagerOptions options)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            json.WriteStartObject();
            json.WriteString("routing_key", options.RoutingKey);
            json.WriteString("event_action", "trigger");
            json.WriteString("dedup_key", page.Page.Key);
            json.WriteString("client", "Perdure");
            json.WriteStartObject("payload");
            json.WriteString("summary", page.Page.Summary.Length <= 1024 ? page.Page.Summary : page.Page.Summary[..1023] + "…");
            json.WriteString("source", options.Source ?? Environment.MachineName);
            json.WriteString("severity", page.Page.Severity == Severity.High ? "critical" : "warning");
            json.WriteString("timestamp", CloudEventJson.Time(page.RaisedAt));
            json.WriteString("component", page.Workflow);
            json.WriteString("group", page.State);
            json.WriteString("class", page.Page.Code);
            json.WriteStartObject("custom_details");
            json.WriteString("instance", page.Instance.ToString());
            json.WriteString("path", Wire.InstancePath(page.Instance));
            json.WriteString("workflow", page.Workflow);
            json.WriteString("state", page.State);
            json.WriteString("code", page.Page.Code);
            json.WriteString("page_severity", Wire.Word(page.Page.Severity));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    public void Dispose() => _http.Dispose();
}
