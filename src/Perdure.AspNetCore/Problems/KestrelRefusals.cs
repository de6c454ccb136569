using System.Buffers;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace Perdure.AspNetCore;

/// <summary>Gives a document to what the server refuses by itself, before any middleware sees it: request lines and headers that cannot be read.</summary>
internal sealed class KestrelRefusals(DiagnosticListener diagnostics) : IHostedService, IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";
    private IDisposable? _subscription;

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

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is not { Key: BadRequest, Value: IFeatureCollection features }) return;
        if (features.Get<IBadRequestExceptionFeature>()?.Error is not BadHttpRequestException error || features.Get<IHttpResponseFeature>() is not { HasStarted: false } response) return;
        if (features.Get<IHttpResponseBodyFeature>() is not { } body) return;
        var document = ProblemPages.Bad(error) is var problem && error.StatusCode == problem.Status ? problem.ToUtf8() : (problem with { Status = error.StatusCode }).ToUtf8();
        response.StatusCode = error.StatusCode;
        response.Headers.ContentType = Problem.ContentType;
        response.Headers.ContentLength = document.Length;
        body.Writer.Write(document);
        // Into the server's own buffer; it sends it and ends the connection.
        _ = body.Writer.FlushAsync();
    }
}
