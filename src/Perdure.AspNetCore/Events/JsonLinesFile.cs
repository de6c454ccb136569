using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Perdure.AspNetCore;

/// <summary>
/// Writes all events as JSON lines, to standard output from now on, or to the end of a file: there from behind the last whole line that it has, so that each event
/// is in it once.
/// </summary>
internal sealed partial class JsonLinesFile(EventStreams streams, TimeProvider time, IOptions<PerdureHttpOptions> options, ILogger<JsonLinesFile> log) : BackgroundService
{
    private EventPlace _begin;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.JsonLines is not { Length: > 0 } target) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Write(target, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (EventsRemovedException overtaken)
            {
                // The file says nothing of what is missing; the log does.
                _begin = overtaken.Begin;
                Overtaken(log, overtaken, target);
            }
            catch (Exception e)
            {
                Broken(log, e, target);
                await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task Write(string target, CancellationToken cancellation)
    {
        await using var output = target == "-" ? Console.OpenStandardOutput() : new FileStream(target, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 65_536);
        var from = output is FileStream file ? Resume(file) : null;
        if (from is { } place && place.CompareTo(_begin) < 0) from = _begin;
        await foreach (var (beat, told) in streams.Follow(from ?? (target == "-" ? await streams.End(cancellation) : default), new(), cancellation))
        {
            if (beat != StreamBeat.Event)
            {
                await output.FlushAsync(cancellation);
                continue;
            }
            await output.WriteAsync(told!.Json, cancellation);
            output.WriteByte((byte)'\n');
        }
    }

    /// <summary>Cuts a half-written last line off and finds the place of the last event in the file.</summary>
    internal static EventPlace? Resume(FileStream file)
    {
        for (var window = 1L << 20; ; window *= 4)
        {
            var from = Math.Max(0, file.Length - window);
            var tail = new byte[file.Length - from];
            file.Position = from;
            file.ReadExactly(tail);
            var whole = tail.AsSpan().LastIndexOf((byte)'\n') + 1;
            if (whole == 0 && from > 0) continue;
            file.SetLength(from + whole);
            file.Position = from + whole;
            // Refusals have no place; behind many of them the last event that has one may be further up.
            foreach (var line in Encoding.UTF8.GetString(tail.AsSpan(0, whole)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse())
                if (PlaceOf(line) is { } place) return place;
            if (from == 0) return null;
        }
    }

    private static EventPlace? PlaceOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.TryGetProperty("id", out var id) && id.GetString() is { } text && EventPlace.TryParse(text, out var place) ? place : null;
        }
        catch (JsonException)
        {
            return null; // the window cut it
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Events are missing in {Target}: their instances were removed before they were written")]
    private static partial void Overtaken(ILogger log, Exception e, string target);

    [LoggerMessage(Level = LogLevel.Error, Message = "Events cannot be written to {Target}; trying again")]
    private static partial void Broken(ILogger log, Exception e, string target);
}
