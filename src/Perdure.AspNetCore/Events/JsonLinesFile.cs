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
    private readonly Dictionary<int, EventPlace> _begin = [];

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
                _begin[overtaken.Log] = overtaken.Begin;
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
        var logs = streams.Logs;
        var from = output is FileStream file ? Resume(file, logs) : null;
        foreach (var (log, begin) in _begin)
            if (from is not null && from[log].CompareTo(begin) < 0) from = from.With(log, begin, logs);
        await foreach (var (beat, told, _) in streams.Follow(from ?? (target == "-" ? await streams.End(cancellation) : new([])), new(), cancellation))
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

    /// <summary>Cuts a half-written last line off and finds the place of the last event of each log in the file; null where there is none.</summary>
    internal static EventPlaces? Resume(FileStream file, int logs = 1)
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
            Dictionary<int, EventPlace> found = [];
            // Refusals have no place; behind many of them the last event that has one may be further up.
            foreach (var line in Encoding.UTF8.GetString(tail.AsSpan(0, whole)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse())
                if (PlaceOf(line) is var (log, place) && found.TryAdd(log, place) && found.Count == logs) break;
            if (found.Count == logs || from == 0) return found.Count == 0 ? null : new([.. Enumerable.Range(0, logs).Select(log => found.GetValueOrDefault(log))]);
        }
    }

    // The id of an event says its log where there are several.
    private static (int Log, EventPlace Place)? PlaceOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (!json.RootElement.TryGetProperty("id", out var id) || id.GetString() is not { } text) return null;
            var (log, colon) = (0, text.IndexOf(':', StringComparison.Ordinal));
            if (colon >= 0 && !int.TryParse(text.AsSpan(0, colon), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out log)) return null;
            return EventPlace.TryParse(text[(colon + 1)..], out var place) ? (log, place) : null;
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
