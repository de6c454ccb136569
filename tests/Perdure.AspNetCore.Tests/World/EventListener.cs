using System.Net.Http.Headers;
using System.Text.Json;

namespace Perdure.AspNetCore.Tests;

/// <summary>Listens to the stream of events as a browser's EventSource does.</summary>
internal sealed class EventListener : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _lines;

    private EventListener(HttpResponseMessage answer, StreamReader lines) => (_answer, _lines) = (answer, lines);

    /// <summary>The id to resume from.</summary>
    public string? LastId { get; private set; }

    public static async Task<EventListener> Open(HttpClient http, string path, string? lastId = null, string accept = "text/event-stream")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        if (lastId is not null) request.Headers.Add("Last-Event-ID", lastId);
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        Assert.Equal(accept, answer.Content.Headers.ContentType!.MediaType);
        return new(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    /// <summary>The next event, as text.</summary>
    public async Task<string> Next()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string? data = null;
        while (await _lines.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith('{')) return line;
            if (line.StartsWith("id: ", StringComparison.Ordinal)) LastId = line[4..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            else if (line.Length == 0 && data is not null) return data;
        }
        throw new EndOfStreamException();
    }

    public async Task<JsonElement> NextJson() => JsonElement.Parse(await Next());

    /// <summary>Events up to the first that is wanted, that one included.</summary>
    public async Task<List<JsonElement>> Until(Func<JsonElement, bool> wanted)
    {
        List<JsonElement> events = [];
        do events.Add(await NextJson());
        while (!wanted(events[^1]));
        return events;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _answer.Dispose();
    }
}
