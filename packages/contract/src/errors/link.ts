import { defineErrors } from './catalogue.ts';

/** Errors of joining, of the link between a node and the control plane, of calls over it, and of the fleet. */
export const linkErrors = defineErrors({
  join_token_invalid: {
    status: 401,
    retryable: false,
    message: {
      en: 'This join token is unknown, used up or expired. Make a new one on the page Nodes, and run its command on this machine.',
      'zh-CN': '该加入令牌不存在、已用完或已过期。请在“节点”页面新建令牌，并在本机运行其命令。',
    },
  },
  join_token_missing: {
    status: 401,
    retryable: false,
    message: {
      en: 'This machine has not joined yet. Start it once with --token and a join token from the page Nodes.',
      'zh-CN': '本机尚未加入。请使用“节点”页面的加入令牌，以 --token 启动一次。',
    },
  },
  join_key_invalid: {
    status: 400,
    retryable: false,
    message: {
      en: 'The public key is not a raw Ed25519 key in base64url. Join again with the agent of this release.',
      'zh-CN': '公钥不是 base64url 编码的 Ed25519 原始密钥。请使用本版本的代理重新加入。',
    },
  },
  link_message_malformed: {
    status: 400,
    retryable: false,
    message: {
      en: 'A message on the link does not fit: {reason}. Use an agent of the same release as the control plane.',
      'zh-CN': '链路上的消息不符合要求：{reason}。请使用与控制面同版本的代理。',
    },
  },
  link_message_unknown: {
    status: 400,
    retryable: false,
    message: {
      en: 'A message of the type {type} is not known here. Nothing was done; use releases that fit together.',
      'zh-CN': '此处不认识类型为 {type} 的消息，未做任何处理。请使用相互匹配的版本。',
    },
  },
  link_message_unexpected: {
    status: 409,
    retryable: false,
    message: {
      en: 'A message of the type {type} is not allowed at this point. Sign in with “hello” first, and only once.',
      'zh-CN': '此时不允许类型为 {type} 的消息。请先用 hello 登录，且只登录一次。',
    },
  },
  link_message_too_large: {
    status: 413,
    retryable: false,
    message: {
      en: 'A message of the type {type} has {bytes} bytes, and the link takes {limit}. Ask for less at a time.',
      'zh-CN': '类型为 {type} 的消息有 {bytes} 字节，链路最多 {limit} 字节。请分次请求。',
    },
  },
  link_proof_invalid: {
    status: 401,
    retryable: false,
    message: {
      en: 'The node’s signature does not fit its key. Join this machine again with a new join token.',
      'zh-CN': '节点签名与其密钥不符。请用新的加入令牌让本机重新加入。',
    },
  },
  link_protocol_unsupported: {
    status: 426,
    retryable: false,
    message: {
      en: 'The agent speaks link protocol {node}, the control plane {control}. Upgrade the older of the two.',
      'zh-CN': '代理使用链路协议 {node}，控制面使用 {control}。请升级较旧的一方。',
    },
  },
  link_busy: {
    status: 429,
    retryable: true,
    message: {
      en: 'Too much is on its way over this link already. Try again in a moment.',
      'zh-CN': '该链路上等待的请求过多。请稍后重试。',
    },
  },
  link_session_unknown: {
    status: 410,
    retryable: true,
    message: {
      en: 'This poll session has ended. Open a new one.',
      'zh-CN': '该轮询会话已结束。请新建会话。',
    },
  },
  node_removed: {
    status: 410,
    retryable: false,
    message: {
      en: 'This node was removed. To use the machine again, delete its identity file and join with a new join token.',
      'zh-CN': '该节点已被移除。如需再次使用本机，请删除其身份文件并用新的加入令牌加入。',
    },
  },
  node_epoch_stale: {
    status: 409,
    retryable: false,
    message: {
      en: 'The node signs in as of epoch {claimed}, and it is at {current}: this is an old copy of its identity. Join the copy again as a machine of its own.',
      'zh-CN':
        '节点以第 {claimed} 纪元登录，而当前为 {current}：这是旧的身份副本。请让该副本作为新机器重新加入。',
    },
  },
  node_not_connected: {
    status: 503,
    retryable: true,
    message: {
      en: 'The node can’t be reached at the moment. Try again when it is back; its page shows since when it is away.',
      'zh-CN': '节点暂时无法连接。请在其恢复后重试；节点页面显示离线时间。',
    },
  },
  call_not_understood: {
    status: 404,
    retryable: false,
    message: {
      en: 'Nothing here answers to the method {method}. Use releases of the workload that fit together.',
      'zh-CN': '此处没有处理方法 {method} 的程序。请使用相互匹配的工作负载版本。',
    },
  },
  call_failed: {
    status: 502,
    retryable: true,
    message: {
      en: 'The other side could not answer {method}: {reason}. Look at the log of the allocation.',
      'zh-CN': '对方无法响应 {method}：{reason}。请查看该分配的日志。',
    },
  },
  allocation_not_here: {
    status: 404,
    retryable: false,
    message: {
      en: 'The allocation {allocation} does not run on this node. Look at its task for where it is now.',
      'zh-CN': '分配 {allocation} 不在此节点上运行。请在其任务中查看当前位置。',
    },
  },
  node_name_taken: {
    status: 409,
    retryable: false,
    message: {
      en: 'There is a node named {name} already. Choose another name.',
      'zh-CN': '已有名为 {name} 的节点。请换一个名称。',
    },
  },
  pool_in_use: {
    status: 409,
    retryable: false,
    message: {
      en: 'The pool {name} still has {nodes} {nodes|node|nodes}. Move {nodes|it|them} to another pool first.',
      'zh-CN': '资源池 {name} 仍有 {nodes} 个节点。请先将其移到其他资源池。',
    },
  },
  identity_unreadable: {
    status: 500,
    retryable: false,
    message: {
      en: 'The identity file {path} can’t be read as one of ours. Restore it, or delete it and join again with a new join token.',
      'zh-CN': '身份文件 {path} 无法识别。请恢复该文件，或删除后用新的加入令牌重新加入。',
    },
  },
  agent_already_running: {
    status: 409,
    retryable: false,
    message: {
      en: 'Another agent (process {pid}) already uses {directory}. Stop it first, or give this one a directory of its own.',
      'zh-CN': '另一个代理（进程 {pid}）正在使用 {directory}。请先停止它，或为本代理指定其他目录。',
    },
  },
});
