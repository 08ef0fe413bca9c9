"""The losses over lists [B, N] in PyTorch, written with its own fast operations. One JSON command a line, one JSON answer:
first {"student", "teacher", "ranks", "lists", "items", "threads"}, then {"loss", "steps", "given"} for each turn."""

import base64
import json
import sys
import time

import torch
import torch.nn.functional as F


def mean(s, t):
    return s.mean()


def bernoulli_kl(s, t):
    p = torch.sigmoid(t)
    return (F.binary_cross_entropy_with_logits(s, p, reduction="none") - F.binary_cross_entropy_with_logits(t, p, reduction="none")).mean()


def soft_cross_entropy(s, t):
    return F.binary_cross_entropy_with_logits(s, torch.sigmoid(t))


def logit_mse(s, t):
    return F.mse_loss(s, t)


def probability_mse(s, t):
    return F.mse_loss(torch.sigmoid(s), torch.sigmoid(t))


def collaborative_distillation(s, t):
    return F.binary_cross_entropy_with_logits(s, torch.sigmoid(t / 2))


def position_weighted(s, ranks):
    weights = torch.where(ranks <= 10, 1 / torch.log2(1 + ranks), 0.0)
    return (weights * F.softplus(-s)).mean()


def ranking_distillation(s, ranks):
    weights = torch.softmax(torch.where(ranks <= 10, -ranks, -1e9), 1)
    return (weights * F.softplus(-s)).sum(1).mean()


def calibrated_listwise(s, t):
    a = torch.softmax(F.logsigmoid(t), 1)
    log_b = torch.log_softmax(F.logsigmoid(s), 1)
    return -(a * log_b + (1 - a) * torch.log1p(-log_b.exp())).mean()


def gaps(x):
    return x.unsqueeze(2) - x.unsqueeze(1)


def over_pairs(losses, t):
    above = (gaps(t) > 0).float()
    return ((losses * above).sum((1, 2)) / above.sum((1, 2))).mean()


def pairwise_hinge(s, t):
    return over_pairs(F.relu(1 - gaps(s)), t)


def pairwise_logistic(s, t):
    return over_pairs(F.softplus(-gaps(s)), t)


def margin_mse(s, t):
    return F.mse_loss(s[:, :1] - s[:, 1:], t[:, :1] - t[:, 1:])


def list_kl(s, t):
    return F.kl_div(torch.log_softmax(s, 1), torch.log_softmax(t, 1), reduction="batchmean", log_target=True)


def list_net(s, t):
    return F.cross_entropy(s, torch.softmax(t, 1))


def mle(s, order, k):
    x = s.gather(1, order)
    return (torch.logcumsumexp(x.flip(1), 1).flip(1) - x)[:, :k].sum(1).mean()


def list_mle(s, t):
    return mle(s, torch.argsort(t, dim=1, descending=True, stable=True), s.shape[1])


def rank_distil(s, t):
    gumbel = -torch.log(-torch.log(torch.rand_like(t).clamp_min(1e-7)))
    return mle(s, torch.argsort(t + gumbel, dim=1, descending=True), s.shape[1])


def relaxed_ranking(s, t):
    order = torch.argsort(t, dim=1, descending=True, stable=True)
    x = s.gather(1, order)
    rest = torch.logsumexp(x[:, 10:], 1, keepdim=True)
    sums = torch.logaddexp(torch.logcumsumexp(x[:, :10].flip(1), 1).flip(1), rest)
    return (sums - x[:, :10]).sum(1).mean()


def rank_position(s, ranks):
    y = torch.log(torch.tensor(513.0)) - torch.log(ranks.clamp_max(512))
    return F.cross_entropy(s, y / y.sum(1, keepdim=True))


def tutor_learning(s, t):
    top = torch.zeros_like(t).scatter_(1, torch.topk(t, 10, dim=1).indices, 1.0)
    gap = (s * top).sum(1) / 10 - (s * (1 - top)).sum(1) / (s.shape[1] - 10)
    return (0.5 * F.softplus(-gap) + 0.5 * ((s - t) ** 2).mean(1)).mean()


def neural_sort(s):
    n = s.shape[1]
    tau = n * s.detach().std(1, keepdim=True, unbiased=False).unsqueeze(2)
    far = gaps(s).abs().sum(2)
    slopes = n + 1 - 2 * torch.arange(1, n + 1, dtype=s.dtype).view(1, n, 1)
    return torch.softmax((slopes * s.unsqueeze(1) - far.unsqueeze(1)) / tau, 2)


def best_of(t, k):
    return torch.zeros_like(t).scatter_(1, torch.topk(t, k, dim=1).indices, 1.0)


def recall_of(p, t):
    return (-torch.log(p[:, :20].sum(1) / 20 + 1e-6) * best_of(t, 10)).mean()


def order_of(p, t):
    order = torch.argsort(t, dim=1, descending=True, stable=True)
    return -torch.log(p.gather(2, order.unsqueeze(2)) + 1e-6).sum((1, 2)).mean() / t.shape[1] ** 2


def relaxed_recall(s, t):
    return recall_of(neural_sort(s), t)


def global_order(s, t):
    return order_of(neural_sort(s), t)


def adaptive_ranking(s, t):
    p = neural_sort(s)
    return recall_of(p, t) + order_of(p, t) / 2


def stage_recall(s, t):
    p = neural_sort(s)
    whole = p.sum(1).detach() + 1e-6
    best = best_of(t, 10)
    inside, outside = p[:, :20].sum(1) / whole, p[:, 20:].sum(1) / whole
    return (-torch.log(inside + 1e-6) * best - torch.log(outside + 1e-6) * (1 - best)).mean()


def hint_mse(s, t):
    return F.mse_loss(s, t)


def hint_cosine(s, t):
    return (1 - F.cosine_similarity(s, t, dim=1)).mean()


def softmax_over_negatives(s, t):
    return F.cross_entropy(s, torch.zeros(s.shape[0], dtype=torch.long))


LOSSES = {name.replace("_", "-"): loss for name, loss in list(globals().items()) if callable(loss) and hasattr(loss, "__code__")}


def numbers(text, shape):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32).view(shape).clone()


def serve():
    spec = json.loads(sys.stdin.readline())
    torch.manual_seed(0)
    torch.set_num_threads(spec["threads"])
    shape = (spec["lists"], spec["items"])
    student = numbers(spec["student"], shape).requires_grad_()
    given = {name: numbers(spec[name], shape) for name in ("teacher", "ranks")}
    print(json.dumps({"version": torch.__version__}), flush=True)

    def step(loss_of, second):
        student.grad = None
        loss = loss_of(student, second)
        loss.backward()
        with torch.no_grad():
            student.add_(student.grad, alpha=0.0)
        return loss.item()

    for line in sys.stdin:
        command = json.loads(line)
        loss_of, milliseconds, loss = LOSSES[command["loss"]], [], 0.0
        before = time.process_time()
        for _ in range(command["steps"]):
            start = time.perf_counter()
            loss = step(loss_of, given[command["given"]])
            milliseconds.append((time.perf_counter() - start) * 1e3)
        cpu = (time.process_time() - before) * 1e3
        print(json.dumps({"milliseconds": milliseconds, "cpuMilliseconds": cpu, "loss": loss}), flush=True)


if __name__ == "__main__":
    serve()
