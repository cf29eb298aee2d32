import { defineErrors } from './catalogue.ts';

/** Errors of the database and its embedded server: start, migration, backup. */
export const storeErrors = defineErrors({
  database_binaries_missing: {
    status: 500,
    retryable: false,
    message: {
      en: 'No PostgreSQL {wanted} was found ({searched}). Install one, set BACKLOT_PG_BIN to its bin folder, or set BACKLOT_DATABASE_URL to a server.',
      'zh-CN':
        '没有找到 PostgreSQL {wanted}（已查找：{searched}）。请安装，或将 BACKLOT_PG_BIN 指向其 bin 目录，或将 BACKLOT_DATABASE_URL 指向一台服务器。',
    },
  },
  database_version_mismatch: {
    status: 500,
    retryable: false,
    message: {
      en: 'The database in {directory} was made by PostgreSQL {found}, and only {available} is here. Install PostgreSQL {found}, run `backlot backup FILE`, move the folder away, and run `backlot restore FILE` with the new version.',
      'zh-CN':
        '{directory} 中的数据库由 PostgreSQL {found} 创建，而这里只有 {available}。请安装 PostgreSQL {found}，运行 `backlot backup 文件`，移走该目录，再用新版本运行 `backlot restore 文件`。',
    },
  },
  data_directory_in_use: {
    status: 409,
    retryable: false,
    message: {
      en: 'Another Backlot (process {pid}) already uses {directory}. Stop it first, or choose another folder with BACKLOT_DATA_DIR.',
      'zh-CN':
        '另一个 Backlot（进程 {pid}）正在使用 {directory}。请先停止它，或用 BACKLOT_DATA_DIR 指定其他目录。',
    },
  },
  data_directory_unreachable: {
    status: 500,
    retryable: false,
    message: {
      en: 'PostgreSQL runs as the user {user}, who may not enter {obstacle}. Choose a folder it can reach with BACKLOT_DATA_DIR (for example /var/lib/backlot), or start Backlot as the user who owns {directory}.',
      'zh-CN':
        'PostgreSQL 以用户 {user} 运行，但该用户无权进入 {obstacle}。请用 BACKLOT_DATA_DIR 指定其可访问的目录（例如 /var/lib/backlot），或以 {directory} 的所有者身份启动 Backlot。',
    },
  },
  no_service_user: {
    status: 500,
    retryable: false,
    message: {
      en: 'PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody. Start Backlot as an ordinary user, or set BACKLOT_DATABASE_URL.',
      'zh-CN':
        'PostgreSQL 不能以 root 运行，而本机没有 postgres 或 nobody 用户。请以普通用户启动 Backlot，或设置 BACKLOT_DATABASE_URL。',
    },
  },
  database_start_failed: {
    status: 500,
    retryable: true,
    message: {
      en: 'The embedded PostgreSQL in {directory} did not start: {reason}. Put right what it says and start again; nothing in the folder was changed.',
      'zh-CN':
        '{directory} 中的内置 PostgreSQL 未能启动：{reason}。请按提示处理后重新启动；目录内容未被更改。',
    },
  },
  database_too_old: {
    status: 500,
    retryable: false,
    message: {
      en: 'The database server is PostgreSQL {found}; Backlot needs 15 or newer. Upgrade the server or point BACKLOT_DATABASE_URL at another.',
      'zh-CN':
        '数据库服务器为 PostgreSQL {found}，Backlot 需要 15 或更高版本。请升级服务器，或将 BACKLOT_DATABASE_URL 指向其他服务器。',
    },
  },
  database_timeout: {
    status: 503,
    retryable: true,
    message: {
      en: 'The database took too long to answer, and the statement was ended. Nothing was changed; try again in a few seconds.',
      'zh-CN': '数据库响应超时，语句已被终止，没有任何更改。请几秒后重试。',
    },
  },
  commit_unknown: {
    status: 503,
    retryable: true,
    message: {
      en: 'The database went away in the very moment of saving, so the change may or may not have been kept. Look first; a repeated request with the same Idempotency-Key is safe.',
      'zh-CN':
        '数据库在保存的瞬间断开，更改可能已保存，也可能没有。请先确认；使用相同的 Idempotency-Key 重复请求是安全的。',
    },
  },
  database_newer: {
    status: 500,
    retryable: false,
    message: {
      en: 'The database was last used by a newer release (it has the migration {migration}, which this one does not know). Start that release, or restore a backup made before it.',
      'zh-CN':
        '数据库曾被更新的版本使用（含本版本未知的迁移 {migration}）。请使用该版本启动，或恢复此前的备份。',
    },
  },
  migration_history_diverged: {
    status: 500,
    retryable: false,
    message: {
      en: 'The database’s migration {position} of {set} is {found}, this release has {expected} there. The database belongs to another build: start that one, or restore a backup.',
      'zh-CN':
        '数据库中 {set} 的第 {position} 个迁移是 {found}，而本版本为 {expected}。该数据库属于其他构建：请使用对应构建启动，或恢复备份。',
    },
  },
  database_not_empty: {
    status: 409,
    retryable: false,
    message: {
      en: 'A backup is restored into an empty database only, and this one has {tables} tables. Choose an empty one; nothing was changed.',
      'zh-CN': '备份只能恢复到空数据库，而该数据库已有 {tables} 张表。请选择空数据库；没有任何更改。',
    },
  },
  backup_unreadable: {
    status: 400,
    retryable: false,
    message: {
      en: 'The file is not a whole Backlot backup: {reason}. Take another copy of it; nothing was changed.',
      'zh-CN': '该文件不是完整的 Backlot 备份：{reason}。请换一份备份；没有任何更改。',
    },
  },
  backup_newer: {
    status: 409,
    retryable: false,
    message: {
      en: 'The backup was made by a newer release (format or migration {found}). Restore it with that release or a later one.',
      'zh-CN': '该备份由更新的版本创建（格式或迁移 {found}）。请使用该版本或更高版本恢复。',
    },
  },
  lease_lost: {
    status: 503,
    retryable: true,
    message: {
      en: 'Another control process has taken over {name}. Try again; the request will reach the right one.',
      'zh-CN': '其他控制进程已接管 {name}。请重试，请求会到达正确的进程。',
    },
  },
  fabric_no_responder: {
    status: 503,
    retryable: true,
    message: {
      en: 'Nobody answers {subject} at the moment. Try again in a few seconds.',
      'zh-CN': '当前没有服务响应 {subject}。请几秒后重试。',
    },
  },
});
