-- cursor: the first page
SELECT TOP 501 [QZJ].[AJ].[A]]J"B`H%], CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) AS [GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) >= CAST(%(param_2)s AS DATETIME2(6)) AND [QZJ].[AJ].[GXSJ] >= CAST(%(param_3)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_4)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_5)s AS DATETIME2(6)) ORDER BY CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)), [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%];

-- cursor: the next page
SELECT TOP 501 [QZJ].[AJ].[A]]J"B`H%], CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) AS [GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) >= CAST(%(param_2)s AS DATETIME2(6)) AND [QZJ].[AJ].[GXSJ] >= CAST(%(param_3)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_4)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_5)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) >= CAST(%(param_6)s AS DATETIME2(6)) AND (CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_6)s AS DATETIME2(6)) OR CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) = CAST(%(param_6)s AS DATETIME2(6)) AND ([QZJ].[AJ].[ID] > %(param_7)s OR [QZJ].[AJ].[ID] = %(param_7)s AND [QZJ].[AJ].[A]]J"B`H%] > %(param_8)s)) ORDER BY CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)), [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%];

-- cursor: undated rows
SELECT TOP 501 [QZJ].[AJ].[A]]J"B`H%], CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) AS [GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL AND (CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) IS NULL OR CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_2)s AS DATETIME2(6)) OR CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_3)s AS DATETIME2(6))) AND ([QZJ].[AJ].[ID] > %(param_4)s OR [QZJ].[AJ].[ID] = %(param_4)s AND [QZJ].[AJ].[A]]J"B`H%] > %(param_5)s) ORDER BY [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%];

-- cursor: how many
SELECT count(*) AS count_1 FROM [QZJ].[AJ] WHERE CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) >= CAST(%(param_1)s AS DATETIME2(6)) AND [QZJ].[AJ].[GXSJ] >= CAST(%(param_2)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_3)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_4)s AS DATETIME2(6)) OR CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) IS NULL OR CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_5)s AS DATETIME2(6)) OR CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_6)s AS DATETIME2(6));

-- cursor: how many of a slice
SELECT count(*) AS count_1 FROM [QZJ].[AJ] WHERE CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) >= CAST(%(param_1)s AS DATETIME2(6)) AND [QZJ].[AJ].[GXSJ] >= CAST(%(param_2)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_3)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_4)s AS DATETIME2(6));

-- check: row ids that are shared
SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL GROUP BY [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%] HAVING count(*) > %(count_2)s) AS shared;

-- check: rows without a row id
SELECT TOP 100 [QZJ].[AJ].[A]]J"B`H%], CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) AS [GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NULL OR [QZJ].[AJ].[A]]J"B`H%] IS NULL;

-- check: stamps in the future
SELECT count(*) AS count_1 FROM [QZJ].[AJ] WHERE CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_1)s AS DATETIME2(6)) AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) > CAST(%(param_2)s AS DATETIME2(6));

-- check: stamps that are none
SELECT count(*) AS count_1 FROM [QZJ].[AJ] WHERE CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) IS NOT NULL AND CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) <= CAST(%(param_1)s AS DATETIME2(6));

-- cursor by text: the next page
SELECT TOP 501 [QZJ].[AJ].[A]]J"B`H%], [QZJ].[AJ].[GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL AND [QZJ].[AJ].[MC] <= %(param_2)s AND [QZJ].[AJ].[MC] LIKE %(param_3)s AND [QZJ].[AJ].[MC] > %(param_4)s AND [QZJ].[AJ].[MC] >= %(param_5)s AND ([QZJ].[AJ].[MC] > %(param_5)s OR [QZJ].[AJ].[MC] = %(param_5)s AND ([QZJ].[AJ].[ID] > %(param_6)s OR [QZJ].[AJ].[ID] = %(param_6)s AND [QZJ].[AJ].[A]]J"B`H%] > %(param_7)s)) ORDER BY [QZJ].[AJ].[MC], [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%];

-- cursor over a query: the next page
SELECT TOP 501 q.[A]]J"B`H%], q.[GXSJ], q.[ID], q.[MC] FROM (SELECT ID, MC FROM AJ WHERE SM = 'a:b') AS q WHERE q.[ID] IS NOT NULL AND q.[ID] > %(param_2)s ORDER BY q.[ID];

-- snapshot: the next page
SELECT TOP 501 [QZJ].[AJ].[A]]J"B`H%], [QZJ].[AJ].[GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL AND ([QZJ].[AJ].[ID] > %(param_2)s OR [QZJ].[AJ].[ID] = %(param_2)s AND [QZJ].[AJ].[A]]J"B`H%] > %(param_3)s) ORDER BY [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%];

-- snapshot: all row ids
SELECT [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL;

-- snapshot: is it there
SELECT [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] = %(param_1)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_2)s OR [QZJ].[AJ].[ID] = %(param_3)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_4)s;

-- flag: the next page
SELECT TOP 501 [QZJ].[AJ].[A]]J"B`H%], [QZJ].[AJ].[GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] IS NOT NULL AND [QZJ].[AJ].[A]]J"B`H%] IS NOT NULL AND ([QZJ].[AJ].[TBBZ] IN (%(param_2)s, %(param_3)s) OR [QZJ].[AJ].[TBBZ] IS NULL) AND ([QZJ].[AJ].[ID] > %(param_4)s OR [QZJ].[AJ].[ID] = %(param_4)s AND [QZJ].[AJ].[A]]J"B`H%] > %(param_5)s) ORDER BY [QZJ].[AJ].[ID], [QZJ].[AJ].[A]]J"B`H%];

-- flag: claim
UPDATE [QZJ].[AJ] SET [TBBZ]=%(TBBZ)s WHERE ([QZJ].[AJ].[ID] = %(param_1)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_2)s OR [QZJ].[AJ].[ID] = %(param_3)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_4)s) AND ([QZJ].[AJ].[TBBZ] IN (%(param_5)s) OR [QZJ].[AJ].[TBBZ] IS NULL);

-- flag: lock and compare
SELECT [QZJ].[AJ].[A]]J"B`H%], [QZJ].[AJ].[GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WITH (UPDLOCK, ROWLOCK) WHERE [QZJ].[AJ].[ID] = %(param_1)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_2)s AND ([QZJ].[AJ].[TBBZ] IN (%(param_3)s, %(param_4)s) OR [QZJ].[AJ].[TBBZ] IS NULL);

-- flag: answer
UPDATE [QZJ].[AJ] SET [TBBZ]=%(TBBZ)s, [TBSJ]=%(TBSJ)s, [SBYY]=NULL WHERE [QZJ].[AJ].[ID] = %(param_1)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_2)s AND ([QZJ].[AJ].[TBBZ] IN (%(param_3)s, %(param_4)s) OR [QZJ].[AJ].[TBBZ] IS NULL);

-- flag: could they be written
UPDATE [QZJ].[AJ] SET [TBBZ]=[QZJ].[AJ].[TBBZ], [TBSJ]=[QZJ].[AJ].[TBSJ], [SBYY]=[QZJ].[AJ].[SBYY] WHERE [QZJ].[AJ].[ID] IS NULL AND [QZJ].[AJ].[ID] IS NOT NULL;

-- changes: the next entries
SELECT TOP 500 [QZJ].[AJ_LOG].[XH], [QZJ].[AJ_LOG].[ID], [QZJ].[AJ_LOG].[A]]J"B`H%] FROM [QZJ].[AJ_LOG] WHERE [QZJ].[AJ_LOG].[XH] > %(param_2)s ORDER BY [QZJ].[AJ_LOG].[XH];

-- changes: the last entry
SELECT TOP 1 [QZJ].[AJ_LOG].[XH] FROM [QZJ].[AJ_LOG] ORDER BY [QZJ].[AJ_LOG].[XH] DESC;

-- changes: the rows
SELECT [QZJ].[AJ].[A]]J"B`H%], [QZJ].[AJ].[GXSJ], [QZJ].[AJ].[ID], [QZJ].[AJ].[MC] FROM [QZJ].[AJ] WHERE [QZJ].[AJ].[ID] = %(param_1)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_2)s OR [QZJ].[AJ].[ID] = %(param_3)s AND [QZJ].[AJ].[A]]J"B`H%] = %(param_4)s;

