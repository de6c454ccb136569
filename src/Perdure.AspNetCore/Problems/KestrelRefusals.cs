using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Hosting;

namespace Perdure.AspNetCore;

/// <summary>
/// Gives a document to what the server refuses by itself, before there is a request that middleware could see: request lines and headers that cannot be read, floods of
/// them. The server tells of it just before it answers; the document is then the answer, and the server's own empty one is held back. Not on connections with TLS,
/// where the empty one goes out as it is.
/// </summary>
internal sealed class KestrelRefusals(DiagnosticListener diagnostics) : IHostedService, IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";
    private IDisposable? _subscription;

    /// <summary>Puts the output that can be held back under every connection.</summary>
    public static void Prepare(ListenOptions listen) => listen.Use(next => connection =>
    {
        var output = new Output(connection.Transport.Output);
        connection.Features.Set(output);
        connection.Transport = new Pair(connection.Transport.Input, output);
        return next(connection);
    });

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscription = diagnostics.Subscribe(this, name => name == BadRequest);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _subscription?.Dispose();
        return Task.CompletedTask;
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is not { Key: BadRequest, Value: IFeatureCollection features } || features.Get<ITlsHandshakeFeature>() is not null) return;
        if (features.Get<IHttpResponseFeature>() is not { HasStarted: false } || features.Get<Output>() is not { } output) return;
        if (features.Get<IBadRequestExceptionFeature>()?.Error is not Microsoft.AspNetCore.Http.BadHttpRequestException error) return;
        var problem = ProblemPages.Bad(error) with { Status = error.StatusCode };
        var body = problem.ToUtf8();
        output.Answer([.. Encoding.ASCII.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"HTTP/1.1 {problem.Status} {ReasonPhrases.GetReasonPhrase(problem.Status)}\r\nContent-Type: {Problem.ContentType}\r\nContent-Length: {body.Length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n")), .. body]);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    private sealed class Pair(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;
        public PipeWriter Output => output;
    }

    /// <summary>A connection's output: passes everything on until it was answered here, and nothing afterwards.</summary>
    private sealed class Output(PipeWriter inner) : PipeWriter
    {
        private readonly ArrayBufferWriter<byte> _held = new();
        private volatile bool _answered;

        public void Answer(ReadOnlySpan<byte> bytes)
        {
            if (_answered) return;
            inner.Write(bytes);
            _answered = true;
        }

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;
        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _answered ? Held().GetMemory(sizeHint) : inner.GetMemory(sizeHint);
        public override Span<byte> GetSpan(int sizeHint = 0) => _answered ? Held().GetSpan(sizeHint) : inner.GetSpan(sizeHint);

        public override void Advance(int bytes)
        {
            if (!_answered) inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            _answered ? inner.FlushAsync(cancellationToken) : inner.WriteAsync(source, cancellationToken);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);
        public override void CancelPendingFlush() => inner.CancelPendingFlush();
        public override void Complete(Exception? exception = null) => inner.Complete(exception);
        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        private ArrayBufferWriter<byte> Held()
        {
            _held.ResetWrittenCount();
            return _held;
        }
    }
}
